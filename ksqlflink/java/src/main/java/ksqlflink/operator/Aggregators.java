package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import ksqlflink.type.Type;

/** The aggregate functions by name. */
final class Aggregators {
  private static final int LIMIT_OF_HISTOGRAM = 1000;

  private Aggregators() {}

  /** A function put together from its parts. */
  private record Simple(
      Type state, Step step, Step undoing, BinaryOperator<Object> merger, Function<Object, Object> finisher)
      implements Aggregator {
    Simple(Type state, Step step, BinaryOperator<Object> merger, Function<Object, Object> finisher) {
      this(state, step, null, merger, finisher);
    }

    @Override
    public Object undo(Object state, Object[] arguments) {
      return undoing == null ? Aggregator.super.undo(state, arguments) : undoing.add(state, arguments);
    }

    @Override
    public Object add(Object state, Object[] arguments) {
      return step.add(state, arguments);
    }

    @Override
    public Object merge(Object earlier, Object later) {
      if (earlier == null || later == null) {
        return earlier == null ? later : earlier;
      }
      return merger.apply(earlier, later);
    }

    @Override
    public Object result(Object state) {
      return finisher.apply(state);
    }
  }

  private interface Step {
    Object add(Object state, Object[] arguments);
  }

  /** The function of {"function", "args", "type"}. Throws IllegalArgumentException for an unknown name. */
  static Aggregator of(JsonNode spec) {
    Type result = Type.of(spec.get("type"));
    JsonNode arguments = spec.path("args");
    Type first = arguments.isEmpty() ? null : Type.of(arguments.get(0).get("type"));
    String name = spec.get("function").textValue();
    return switch (name) {
      case "COUNT" -> count();
      case "SUM" -> sum(result);
      case "AVG" -> average();
      case "MIN" -> extreme(result, -1);
      case "MAX" -> extreme(result, 1);
      case "COUNT_DISTINCT" -> countDistinct(first);
      case "COLLECT_LIST" -> collect(result, false);
      case "COLLECT_SET" -> collect(result, true);
      case "LATEST_BY_OFFSET" -> byOffset(result, first, arguments, true);
      case "EARLIEST_BY_OFFSET" -> byOffset(result, first, arguments, false);
      case "TOPK" -> top(result, arguments, false);
      case "TOPKDISTINCT" -> top(result, arguments, true);
      case "HISTOGRAM" -> histogram();
      case "STDDEV_SAMPLE", "STDDEV_SAMP" -> deviation();
      default -> throw new IllegalArgumentException("unknown aggregate function: " + name);
    };
  }

  private static Aggregator count() {
    Step step = (state, args) -> {
      long before = state == null ? 0 : (Long) state;
      return args.length == 0 || args[0] != null ? (Object) (before + 1) : (Object) before;
    };
    Step undo = (state, args) -> args.length == 0 || args[0] != null ? (Object) ((Long) state - 1) : state;
    return new Simple(
        Type.BIGINT, step, undo, (a, b) -> (Long) a + (Long) b, state -> state == null ? (Object) 0L : state);
  }

  private static Aggregator sum(Type type) {
    BinaryOperator<Object> plus = (a, b) -> plus(type, a, b);
    Step step = (state, args) -> args[0] == null ? state : state == null ? args[0] : plus(type, state, args[0]);
    Step undo = (state, args) -> args[0] == null ? state : plus(type, state, negated(args[0]));
    return new Simple(type, step, undo, plus, state -> state == null ? zero(type) : state);
  }

  private static Object negated(Object value) {
    if (value instanceof Integer number) {
      return -number;
    }
    if (value instanceof Long number) {
      return -number;
    }
    return value instanceof Double number ? (Object) (-number) : ((BigDecimal) value).negate();
  }

  private static Object zero(Type type) {
    return switch (type.kind) {
      case INTEGER -> 0;
      case BIGINT -> 0L;
      case DOUBLE -> 0.0;
      case DECIMAL -> BigDecimal.ZERO.setScale(type.scale);
      default -> throw new IllegalArgumentException("SUM of " + type);
    };
  }

  private static Object plus(Type type, Object a, Object b) {
    return switch (type.kind) {
      case INTEGER -> (Integer) a + (Integer) b;
      case BIGINT -> (Object) (((Number) a).longValue() + ((Number) b).longValue());
      case DOUBLE -> ((Number) a).doubleValue() + ((Number) b).doubleValue();
      case DECIMAL -> ((BigDecimal) a).add((BigDecimal) b);
      default -> throw new IllegalArgumentException("SUM of " + type);
    };
  }

  private static final Type PAIR =
      Type.struct(new String[] {"SUM", "COUNT"}, new Type[] {Type.DOUBLE, Type.BIGINT});

  private static Aggregator average() {
    Step step = (state, args) -> {
      if (args[0] == null) {
        return state;
      }
      Object[] pair = state == null ? new Object[] {0.0, 0L} : (Object[]) state;
      return new Object[] {(Double) pair[0] + ((Number) args[0]).doubleValue(), (Long) pair[1] + 1};
    };
    Step undo = (state, args) -> {
      Object[] pair = (Object[]) state;
      return args[0] == null
          ? state
          : new Object[] {(Double) pair[0] - ((Number) args[0]).doubleValue(), (Long) pair[1] - 1};
    };
    BinaryOperator<Object> merger = (a, b) -> {
      Object[] left = (Object[]) a;
      Object[] right = (Object[]) b;
      return new Object[] {(Double) left[0] + (Double) right[0], (Long) left[1] + (Long) right[1]};
    };
    return new Simple(PAIR, step, undo, merger, state -> state == null ? 0.0 : quotient((Object[]) state));
  }

  private static Object quotient(Object[] pair) {
    return (Long) pair[1] == 0 ? 0.0 : (Double) pair[0] / (Long) pair[1];
  }

  private static Aggregator extreme(Type type, int sign) {
    BinaryOperator<Object> better = (a, b) -> sign * compare(b, a) > 0 ? b : a;
    Step step = (state, args) -> args[0] == null ? state : state == null ? args[0] : better.apply(state, args[0]);
    return new Simple(type, step, better, state -> state);
  }

  @SuppressWarnings("unchecked")
  private static int compare(Object a, Object b) {
    return a instanceof byte[] bytes
        ? java.util.Arrays.compareUnsigned(bytes, (byte[]) b)
        : ((Comparable<Object>) a).compareTo(b);
  }

  private static Aggregator countDistinct(Type type) {
    Aggregator set = collect(Type.array(type), true);
    Step step = (state, args) -> args[0] == null ? state : set.add(state, args);
    return new Simple(
        set.state(), step, set::merge, state -> state == null ? (Object) 0L : (Object) (long) ((List<?>) state).size());
  }

  private static Aggregator collect(Type type, boolean distinct) {
    Step step = (state, args) -> {
      List<Object> items = copy(state);
      if (!distinct || !contains(items, args[0])) {
        items.add(args[0]);
      }
      return items;
    };
    BinaryOperator<Object> merger = (a, b) -> {
      List<Object> items = copy(a);
      ((List<?>) b).stream().filter(item -> !distinct || !contains(items, item)).forEach(items::add);
      return items;
    };
    Step undo = (state, args) -> {
      List<Object> items = copy(state);
      for (int i = items.size() - 1; i >= 0; i--) {
        if (java.util.Objects.deepEquals(items.get(i), args[0])) {
          items.remove(i);
          break;
        }
      }
      return items;
    };
    return new Simple(type, step, distinct ? null : undo, merger, state -> state == null ? new ArrayList<>() : state);
  }

  private static List<Object> copy(Object state) {
    return state == null ? new ArrayList<>() : new ArrayList<>((List<?>) state);
  }

  private static boolean contains(List<Object> items, Object item) {
    return items.stream().anyMatch(other -> java.util.Objects.deepEquals(other, item));
  }

  /** LATEST and EARLIEST_BY_OFFSET: (col [, ignoreNulls]) or (col, n [, ignoreNulls]). */
  private static Aggregator byOffset(Type result, Type first, JsonNode arguments, boolean latest) {
    boolean several = arguments.size() > 1 && arguments.get(1).get("value").isNumber();
    JsonNode last = arguments.get(arguments.size() - 1);
    boolean ignoreNulls = arguments.size() == 1 || !last.path("value").isBoolean() || last.get("value").asBoolean();
    int most = several ? arguments.get(1).get("value").intValue() : 1;
    Step step = (state, args) -> {
      List<Object> items = copy(state);
      if (args[0] == null && ignoreNulls || !latest && items.size() >= most) {
        return items;
      }
      items.add(args[0]);
      return items.size() > most ? new ArrayList<>(items.subList(1, items.size())) : items;
    };
    BinaryOperator<Object> merger = (a, b) -> {
      List<Object> items = copy(a);
      items.addAll((List<?>) b);
      int from = latest ? Math.max(0, items.size() - most) : 0;
      return new ArrayList<>(items.subList(from, Math.min(items.size(), from + most)));
    };
    Function<Object, Object> finisher = state -> {
      List<?> items = state == null ? List.of() : (List<?>) state;
      return several ? (Object) items : items.isEmpty() ? null : items.get(0);
    };
    return new Simple(Type.array(several ? result.element : first), step, merger, finisher);
  }

  private static Aggregator top(Type result, JsonNode arguments, boolean distinct) {
    int most = arguments.get(1).get("value").intValue();
    Step step = (state, args) -> {
      List<Object> items = copy(state);
      if (args[0] == null || distinct && items.contains(args[0])) {
        return items;
      }
      items.add(args[0]);
      return best(items, most);
    };
    BinaryOperator<Object> merger = (a, b) -> {
      List<Object> items = copy(a);
      ((List<?>) b).stream().filter(item -> !distinct || !items.contains(item)).forEach(items::add);
      return best(items, most);
    };
    return new Simple(result, step, merger, state -> state == null ? new ArrayList<>() : state);
  }

  private static List<Object> best(List<Object> items, int most) {
    items.sort(Comparator.comparing((Object item) -> item, Aggregators::compare).reversed());
    return items.size() > most ? new ArrayList<>(items.subList(0, most)) : items;
  }

  private static Aggregator histogram() {
    Step step = (state, args) -> {
      Map<Object, Object> counts = counts(state);
      if (args[0] != null && (counts.size() < LIMIT_OF_HISTOGRAM || counts.containsKey(args[0]))) {
        counts.merge(args[0], 1L, (a, b) -> (Long) a + (Long) b);
      }
      return counts;
    };
    BinaryOperator<Object> merger = (a, b) -> {
      Map<Object, Object> counts = counts(a);
      ((Map<?, ?>) b).forEach((key, count) -> counts.merge(key, count, (x, y) -> (Long) x + (Long) y));
      return counts;
    };
    Type type = Type.map(Type.STRING, Type.BIGINT);
    return new Simple(type, step, merger, state -> state == null ? new TreeMap<>() : state);
  }

  private static Map<Object, Object> counts(Object state) {
    return state == null ? new LinkedHashMap<>() : new LinkedHashMap<>((Map<?, ?>) state);
  }

  private static final Type MOMENTS =
      Type.struct(
          new String[] {"COUNT", "MEAN", "M2"}, new Type[] {Type.BIGINT, Type.DOUBLE, Type.DOUBLE});

  /** The sample standard deviation, by Welford's method. */
  private static Aggregator deviation() {
    Step step = (state, args) -> {
      if (args[0] == null) {
        return state;
      }
      Object[] one = {1L, ((Number) args[0]).doubleValue(), 0.0};
      return state == null ? one : combined((Object[]) state, one);
    };
    BinaryOperator<Object> merger = (a, b) -> combined((Object[]) a, (Object[]) b);
    return new Simple(MOMENTS, step, merger, state -> state == null ? 0.0 : spread((Object[]) state));
  }

  private static Object[] combined(Object[] a, Object[] b) {
    long count = (Long) a[0] + (Long) b[0];
    double delta = (Double) b[1] - (Double) a[1];
    double mean = (Double) a[1] + delta * (Long) b[0] / count;
    double m2 = (Double) a[2] + (Double) b[2] + delta * delta * (Long) a[0] * (Long) b[0] / count;
    return new Object[] {count, mean, m2};
  }

  private static Object spread(Object[] moments) {
    long count = (Long) moments[0];
    return count < 2 ? 0.0 : Math.sqrt((Double) moments[2] / (count - 1));
  }
}
