package ksqlflink.aggregate;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import ksqlflink.type.Type;
import ksqlflink.type.Values;

/** What keeps some of the values: the largest, the latest, each different one. */
final class CollectionAggregators {
  private static final int LIMIT_OF_HISTOGRAM = 1000;

  private CollectionAggregators() {}

  static Aggregator extreme(Type type, int sign) {
    BinaryOperator<Object> better = (a, b) -> sign * Values.compare(b, a) > 0 ? b : a;
    SimpleAggregator.Step step =
        (state, args) ->
            args[0] == null ? state : state == null ? args[0] : better.apply(state, args[0]);
    return new SimpleAggregator(type, step, better, state -> state);
  }

  static Aggregator countDistinct(Type type) {
    Aggregator set = collect(Type.array(type), true, Integer.MAX_VALUE);
    SimpleAggregator.Step step = (state, args) -> args[0] == null ? state : set.add(state, args);
    return new SimpleAggregator(
        set.state(),
        step,
        set::merge,
        state -> state == null ? (Object) 0L : (Object) (long) ((List<?>) state).size());
  }

  static Aggregator collect(Type type, boolean distinct, int limit) {
    SimpleAggregator.Step step =
        (state, args) -> {
          List<Object> items = copy(state);
          if (items.size() < limit && (!distinct || !contains(items, args[0]))) {
            items.add(args[0]);
          }
          return items;
        };
    BinaryOperator<Object> merger =
        (a, b) -> {
          List<Object> items = copy(a);
          ((List<?>) b)
              .stream().filter(item -> !distinct || !contains(items, item)).forEach(items::add);
          return items.size() > limit ? new ArrayList<>(items.subList(0, limit)) : items;
        };
    SimpleAggregator.Step undo =
        (state, args) -> {
          List<Object> items = copy(state);
          for (int i = items.size() - 1; i >= 0; i--) {
            if (java.util.Objects.deepEquals(items.get(i), args[0])) {
              items.remove(i);
              break;
            }
          }
          return items;
        };
    return new SimpleAggregator(
        type,
        step,
        distinct ? null : undo,
        merger,
        state -> state == null ? new ArrayList<>() : state);
  }

  /** The value that all records have, null where they differ; how many have it is counted. */
  static Aggregator attribute(Type type) {
    Type entry = Type.struct(new String[] {"VALUE", "COUNT"}, new Type[] {type, Type.BIGINT});
    return new SimpleAggregator(
        Type.array(entry),
        (state, args) -> counted(state, args[0], 1),
        (state, args) -> counted(state, args[0], -1),
        (a, b) -> {
          Object merged = a;
          for (Object other : (List<?>) b) {
            merged = counted(merged, ((Object[]) other)[0], (Long) ((Object[]) other)[1]);
          }
          return merged;
        },
        state ->
            state == null || ((List<?>) state).size() != 1
                ? null
                : ((Object[]) ((List<?>) state).get(0))[0]);
  }

  private static List<Object> counted(Object state, Object value, long more) {
    List<Object> entries = copy(state);
    for (int i = 0; i < entries.size(); i++) {
      Object[] entry = (Object[]) entries.get(i);
      if (java.util.Objects.deepEquals(entry[0], value)) {
        long count = (Long) entry[1] + more;
        if (count == 0) {
          entries.remove(i);
        } else {
          entries.set(i, new Object[] {value, count});
        }
        return entries;
      }
    }
    entries.add(new Object[] {value, more});
    return entries;
  }

  private static List<Object> copy(Object state) {
    return state == null ? new ArrayList<>() : new ArrayList<>((List<?>) state);
  }

  private static boolean contains(List<Object> items, Object item) {
    return items.stream().anyMatch(other -> java.util.Objects.deepEquals(other, item));
  }

  /** LATEST and EARLIEST_BY_OFFSET: (col [, ignoreNulls]) or (col, n [, ignoreNulls]). */
  static Aggregator byOffset(Type result, Type first, JsonNode arguments, boolean latest) {
    boolean several = arguments.size() > 1 && arguments.get(1).get("value").isNumber();
    JsonNode last = arguments.get(arguments.size() - 1);
    boolean ignoreNulls =
        arguments.size() == 1 || !last.path("value").isBoolean() || last.get("value").asBoolean();
    int most = several ? arguments.get(1).get("value").intValue() : 1;
    SimpleAggregator.Step step =
        (state, args) -> {
          List<Object> items = copy(state);
          if ((args[0] == null && ignoreNulls) || (!latest && items.size() >= most)) {
            return items;
          }
          items.add(args[0]);
          return items.size() > most ? new ArrayList<>(items.subList(1, items.size())) : items;
        };
    BinaryOperator<Object> merger =
        (a, b) -> {
          List<Object> items = copy(a);
          items.addAll((List<?>) b);
          int from = latest ? Math.max(0, items.size() - most) : 0;
          return new ArrayList<>(items.subList(from, Math.min(items.size(), from + most)));
        };
    Function<Object, Object> finisher =
        state -> {
          List<?> items = state == null ? List.of() : (List<?>) state;
          return several ? (Object) items : items.isEmpty() ? null : items.get(0);
        };
    return new SimpleAggregator(
        Type.array(several ? result.element : first), step, merger, finisher);
  }

  /** (col, k), or (col, further columns.., k), which gives structs of all the columns. */
  static Aggregator top(Type result, JsonNode arguments, boolean distinct) {
    int columns = arguments.size() - 1;
    int most = arguments.get(columns).get("value").intValue();
    SimpleAggregator.Step step =
        (state, args) -> {
          List<Object> items = copy(state);
          if (args[0] == null || (distinct && items.contains(args[0]))) {
            return items;
          }
          items.add(columns == 1 ? args[0] : Arrays.copyOf(args, columns));
          return best(items, most);
        };
    BinaryOperator<Object> merger =
        (a, b) -> {
          List<Object> items = copy(a);
          ((List<?>) b)
              .stream().filter(item -> !distinct || !items.contains(item)).forEach(items::add);
          return best(items, most);
        };
    return new SimpleAggregator(
        result, step, merger, state -> state == null ? new ArrayList<>() : state);
  }

  private static List<Object> best(List<Object> items, int most) {
    items.sort(
        Comparator.comparing(
                (Object item) -> item instanceof Object[] row ? row[0] : item, Values::compare)
            .reversed());
    return items.size() > most ? new ArrayList<>(items.subList(0, most)) : items;
  }

  static Aggregator histogram() {
    SimpleAggregator.Step step =
        (state, args) -> {
          Map<Object, Object> counts = counts(state);
          if (args[0] != null
              && (counts.size() < LIMIT_OF_HISTOGRAM || counts.containsKey(args[0]))) {
            counts.merge(args[0], 1L, (a, b) -> (Long) a + (Long) b);
          }
          return counts;
        };
    BinaryOperator<Object> merger =
        (a, b) -> {
          Map<Object, Object> counts = counts(a);
          ((Map<?, ?>) b)
              .forEach((key, count) -> counts.merge(key, count, (x, y) -> (Long) x + (Long) y));
          return counts;
        };
    Type type = Type.map(Type.STRING, Type.BIGINT);
    return new SimpleAggregator(
        type, step, merger, state -> state == null ? new TreeMap<>() : state);
  }

  private static Map<Object, Object> counts(Object state) {
    return state == null ? new LinkedHashMap<>() : new LinkedHashMap<>((Map<?, ?>) state);
  }
}
