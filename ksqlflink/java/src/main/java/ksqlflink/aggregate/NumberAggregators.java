package ksqlflink.aggregate;

import java.math.BigDecimal;
import java.util.function.BinaryOperator;
import ksqlflink.type.Type;

/** What counts, adds up and averages. */
final class NumberAggregators {
  private static final Type PAIR =
      Type.struct(new String[] {"SUM", "COUNT"}, new Type[] {Type.DOUBLE, Type.BIGINT});

  private NumberAggregators() {}

  static Aggregator count() {
    SimpleAggregator.Step step =
        (state, args) -> {
          long before = state == null ? 0 : (Long) state;
          return args.length == 0 || args[0] != null ? (Object) (before + 1) : (Object) before;
        };
    SimpleAggregator.Step undo =
        (state, args) -> args.length == 0 || args[0] != null ? (Object) ((Long) state - 1) : state;
    return new SimpleAggregator(
        Type.BIGINT,
        step,
        undo,
        (a, b) -> (Long) a + (Long) b,
        state -> state == null ? (Object) 0L : state);
  }

  static Aggregator sum(Type type) {
    BinaryOperator<Object> plus = (a, b) -> plus(type, a, b);
    SimpleAggregator.Step step =
        (state, args) ->
            args[0] == null ? state : state == null ? args[0] : plus(type, state, args[0]);
    SimpleAggregator.Step undo =
        (state, args) -> args[0] == null ? state : plus(type, state, negated(args[0]));
    return new SimpleAggregator(
        type, step, undo, plus, state -> state == null ? zero(type) : state);
  }

  private static Object negated(Object value) {
    if (value instanceof Integer number) {
      return -number;
    }
    if (value instanceof Long number) {
      return -number;
    }
    if (value instanceof Double number) {
      return -number;
    }
    return ((BigDecimal) value).negate();
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

  static Aggregator average() {
    SimpleAggregator.Step step =
        (state, args) -> {
          if (args[0] == null) {
            return state;
          }
          Object[] pair = state == null ? new Object[] {0.0, 0L} : (Object[]) state;
          return new Object[] {
            (Double) pair[0] + ((Number) args[0]).doubleValue(), (Long) pair[1] + 1
          };
        };
    SimpleAggregator.Step undo =
        (state, args) -> {
          Object[] pair = (Object[]) state;
          return args[0] == null
              ? state
              : new Object[] {
                (Double) pair[0] - ((Number) args[0]).doubleValue(), (Long) pair[1] - 1
              };
        };
    BinaryOperator<Object> merger =
        (a, b) -> {
          Object[] left = (Object[]) a;
          Object[] right = (Object[]) b;
          return new Object[] {
            (Double) left[0] + (Double) right[0], (Long) left[1] + (Long) right[1]
          };
        };
    return new SimpleAggregator(
        PAIR, step, undo, merger, state -> state == null ? 0.0 : quotient((Object[]) state));
  }

  private static Object quotient(Object[] pair) {
    return (Long) pair[1] == 0 ? 0.0 : (Double) pair[0] / (Long) pair[1];
  }
}
