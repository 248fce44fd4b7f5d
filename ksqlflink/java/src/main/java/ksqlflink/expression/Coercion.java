package ksqlflink.expression;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ksqlflink.type.Decimals;
import ksqlflink.type.Type;

/**
 * A value as its column's type, where ksqlDB converts it without being asked to: what INSERT VALUES
 * does.
 */
public final class Coercion {
  private Coercion() {}

  /**
   * Throws IllegalArgumentException, in ksqlDB's words, for a value that the column does not take.
   */
  public static Object coerce(Object value, Type given, Type wanted, String column) {
    try {
      return coerced(value, given, wanted);
    } catch (RuntimeException refused) {
      String got = given.kind + "(" + Casts.text(value, given) + ")";
      String message = "Expected type " + wanted + " for field `" + column + "` but got " + got;
      throw new IllegalArgumentException(message + hint(given, wanted), refused);
    }
  }

  private static String hint(Type given, Type wanted) {
    if (given.kind != Type.Kind.STRING) {
      return "";
    }
    return switch (wanted.kind) {
      case DATE -> ". Date format must be yyyy-mm-dd";
      case TIME -> ". Time format must be hh:mm:ss[.S]";
      case TIMESTAMP -> ". Timestamp format must be yyyy-mm-ddThh:mm:ss[.S]";
      default -> "";
    };
  }

  private static Object coerced(Object value, Type given, Type wanted) {
    if (value == null || given.equals(wanted)) {
      return value;
    }
    if (given.kind == Type.Kind.STRING) {
      return ofText((String) value, wanted);
    }
    if (given.isNumber()) {
      return ofNumber((Number) value, given, wanted);
    }
    if (given.kind != wanted.kind) {
      throw new IllegalArgumentException();
    }
    return switch (wanted.kind) {
      case ARRAY -> array((List<?>) value, given.element, wanted.element);
      case MAP -> map((Map<?, ?>) value, given, wanted);
      case STRUCT -> struct((Object[]) value, given, wanted);
      default -> throw new IllegalArgumentException();
    };
  }

  /**
   * The value of a text as a column of that type takes it. Throws RuntimeException where it does
   * not.
   */
  public static Object ofText(String text, Type wanted) {
    return switch (wanted.kind) {
      case STRING -> text;
      case BYTES -> Base64.getDecoder().decode(text);
      case DATE -> Times.parseDate(text);
      case TIME -> Times.parseTime(text);
      case TIMESTAMP -> Times.parseTimestamp(text);
      default -> throw new IllegalArgumentException();
    };
  }

  private static Object ofNumber(Number value, Type given, Type wanted) {
    // The kinds of numbers are in the order of their width.
    if (!wanted.isNumber() || given.kind.compareTo(wanted.kind) > 0) {
      throw new IllegalArgumentException();
    }
    return switch (wanted.kind) {
      case BIGINT -> (Object) value.longValue();
      case DOUBLE -> (Object) value.doubleValue();
      default ->
          exact(
              value instanceof BigDecimal decimal ? decimal : BigDecimal.valueOf(value.longValue()),
              wanted);
    };
  }

  /** The number with the type's scale. Throws ArithmeticException where a digit would be lost. */
  public static BigDecimal exact(BigDecimal value, Type type) {
    return Decimals.scaled(value, type, RoundingMode.UNNECESSARY);
  }

  private static List<Object> array(List<?> items, Type given, Type wanted) {
    List<Object> result = new ArrayList<>(items.size());
    items.forEach(item -> result.add(coerced(item, given, wanted)));
    return result;
  }

  private static Map<Object, Object> map(Map<?, ?> entries, Type given, Type wanted) {
    Map<Object, Object> result = new LinkedHashMap<>();
    entries.forEach(
        (key, value) ->
            result.put(
                coerced(key, given.key, wanted.key),
                coerced(value, given.element, wanted.element)));
    return result;
  }

  /** Fields that the column has not are dropped, those that the value has not are null. */
  private static Object[] struct(Object[] members, Type given, Type wanted) {
    List<String> names = Arrays.asList(given.names);
    Object[] result = new Object[wanted.names.length];
    for (int i = 0; i < result.length; i++) {
      int at = names.indexOf(wanted.names[i]);
      result[i] = at < 0 ? null : coerced(members[at], given.members[at], wanted.members[i]);
    }
    return result;
  }
}
