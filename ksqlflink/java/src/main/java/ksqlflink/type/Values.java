package ksqlflink.type;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Equality of SQL values by content, also inside arrays, maps, structs and bytes. */
public final class Values {
  private Values() {}

  /** The order of two values of one type that has an order. */
  @SuppressWarnings("unchecked")
  public static int compare(Object left, Object right) {
    return left instanceof byte[] bytes
        ? Arrays.compareUnsigned(bytes, (byte[]) right)
        : ((Comparable<Object>) left).compareTo(right);
  }

  /** Whether both values have the same content; two nulls have. */
  public static boolean same(Object left, Object right) {
    if (left instanceof BigDecimal a && right instanceof BigDecimal b) {
      return a.compareTo(b) == 0;
    }
    if (left instanceof byte[] a && right instanceof byte[] b) {
      return Arrays.equals(a, b);
    }
    if (left instanceof Object[] a && right instanceof Object[] b) {
      return same(Arrays.asList(a), Arrays.asList(b));
    }
    if (left instanceof List<?> a && right instanceof List<?> b) {
      return same(a, b);
    }
    if (left instanceof Map<?, ?> a && right instanceof Map<?, ?> b) {
      return same(a, b);
    }
    return Objects.equals(left, right);
  }

  private static boolean same(List<?> left, List<?> right) {
    if (left.size() != right.size()) {
      return false;
    }
    for (int i = 0; i < left.size(); i++) {
      if (!same(left.get(i), right.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean same(Map<?, ?> left, Map<?, ?> right) {
    if (left.size() != right.size()) {
      return false;
    }
    for (Map.Entry<?, ?> entry : left.entrySet()) {
      if (!right.containsKey(entry.getKey())
          || !same(entry.getValue(), right.get(entry.getKey()))) {
        return false;
      }
    }
    return true;
  }

  /** A hash code that goes with {@link #same}. */
  static int hash(Object value) {
    if (value instanceof BigDecimal decimal) {
      return decimal.stripTrailingZeros().hashCode();
    }
    if (value instanceof byte[] bytes) {
      return Arrays.hashCode(bytes);
    }
    if (value instanceof Object[] fields) {
      return hash(Arrays.asList(fields));
    }
    if (value instanceof List<?> elements) {
      return elements.stream().mapToInt(Values::hash).reduce(1, (sum, hash) -> 31 * sum + hash);
    }
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .mapToInt(entry -> hash(entry.getKey()) ^ hash(entry.getValue()))
          .sum();
    }
    return Objects.hashCode(value);
  }

  /** A value as a member of a set or key of a map, compared by content. */
  public record Key(Object value) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Key key && same(value, key.value);
    }

    @Override
    public int hashCode() {
      return hash(value);
    }
  }
}
