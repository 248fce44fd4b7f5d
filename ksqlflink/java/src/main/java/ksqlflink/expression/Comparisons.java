package ksqlflink.expression;

import java.nio.ByteBuffer;
import java.util.function.BiPredicate;
import java.util.function.ToLongFunction;
import ksqlflink.type.Type;
import ksqlflink.type.Values;

/** Comparisons of two values that are not null, by the types of both sides. */
final class Comparisons {
  private Comparisons() {}

  /**
   * The comparison = <> < <= > >= of two types. Text beside a DATE, TIME, TIMESTAMP or number is
   * parsed: the predicate then throws RuntimeException for text that is not one. Throws
   * IllegalArgumentException for types without that comparison.
   */
  static BiPredicate<Object, Object> of(String op, Type left, Type right) {
    if (left.kind == Type.Kind.DECIMAL || right.kind == Type.Kind.DECIMAL) {
      return (a, b) -> holds(op, Arithmetic.decimal(a).compareTo(Arithmetic.decimal(b)));
    }
    if (left.isTime() || right.isTime()) {
      return times(op, left, right);
    }
    if (left.isNumber() && right.isNumber()) {
      return numbers(op, left, right);
    }
    if (left.isNumber() || right.isNumber()) {
      return (a, b) -> holds(op, Arithmetic.decimal(a).compareTo(Arithmetic.decimal(b)));
    }
    return sameKind(op, left);
  }

  private static BiPredicate<Object, Object> sameKind(String op, Type type) {
    return switch (type.kind) {
      case STRING -> (a, b) -> holds(op, ((String) a).compareTo((String) b));
      case BOOLEAN -> (a, b) -> holds(op, ((Boolean) a).compareTo((Boolean) b));
      case BYTES ->
          (a, b) -> holds(op, ByteBuffer.wrap((byte[]) a).compareTo(ByteBuffer.wrap((byte[]) b)));
      default -> equality(op, type);
    };
  }

  private static BiPredicate<Object, Object> equality(String op, Type type) {
    return switch (op) {
      case "=" -> Values::same;
      case "<>" -> (a, b) -> !Values.same(a, b);
      default -> throw new IllegalArgumentException("no " + op + " on " + type);
    };
  }

  private static BiPredicate<Object, Object> numbers(String op, Type left, Type right) {
    if (left.kind == Type.Kind.DOUBLE || right.kind == Type.Kind.DOUBLE) {
      return (a, b) -> holds(op, ((Number) a).doubleValue(), ((Number) b).doubleValue());
    }
    return (a, b) -> holds(op, Long.compare(((Number) a).longValue(), ((Number) b).longValue()));
  }

  /** NaN is neither equal nor different, smaller or larger. */
  private static boolean holds(String op, double a, double b) {
    return !Double.isNaN(a) && !Double.isNaN(b) && holds(op, a < b ? -1 : a > b ? 1 : 0);
  }

  private static boolean holds(String op, int order) {
    return switch (op) {
      case "=" -> order == 0;
      case "<>" -> order != 0;
      case "<" -> order < 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      case ">=" -> order >= 0;
      default -> throw new IllegalArgumentException("unknown comparison: " + op);
    };
  }

  private static BiPredicate<Object, Object> times(String op, Type left, Type right) {
    Type.Kind kind = common(left.kind, right.kind);
    ToLongFunction<Object> first = point(left.kind, kind);
    ToLongFunction<Object> second = point(right.kind, kind);
    return (a, b) -> holds(op, Long.compare(first.applyAsLong(a), second.applyAsLong(b)));
  }

  private static Type.Kind common(Type.Kind left, Type.Kind right) {
    if (left == Type.Kind.TIME || right == Type.Kind.TIME) {
      return Type.Kind.TIME;
    }
    return left == Type.Kind.TIMESTAMP || right == Type.Kind.TIMESTAMP
        ? Type.Kind.TIMESTAMP
        : Type.Kind.DATE;
  }

  private static ToLongFunction<Object> point(Type.Kind from, Type.Kind to) {
    if (from == to) {
      return value -> ((Number) value).longValue();
    }
    if (from == Type.Kind.DATE && to == Type.Kind.TIMESTAMP) {
      return value -> ((Number) value).longValue() * Times.DAY;
    }
    if (from != Type.Kind.STRING) {
      throw new IllegalArgumentException("Unexpected comparison to " + to + ": " + from);
    }
    return switch (to) {
      case TIME -> value -> Times.parseTime((String) value);
      case DATE -> value -> Times.parseDate((String) value);
      default -> value -> Times.parseTimestamp((String) value);
    };
  }
}
