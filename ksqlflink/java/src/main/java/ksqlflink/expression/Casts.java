package ksqlflink.expression;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.UnaryOperator;
import ksqlflink.type.Decimals;
import ksqlflink.type.Type;

/** CAST from one type to another. */
public final class Casts {
  private Casts() {}

  /**
   * The cast of values, null to null; from is null for the literal NULL. The cast throws
   * RuntimeException for a value that does not fit. Throws IllegalArgumentException if ksqlDB has
   * no such cast.
   */
  static UnaryOperator<Object> of(Type from, Type to) {
    if (from == null || from.equals(to)) {
      return value -> value;
    }
    UnaryOperator<Object> cast = find(from, to);
    return value -> value == null ? null : cast.apply(value);
  }

  private static UnaryOperator<Object> find(Type from, Type to) {
    return switch (to.kind) {
      case STRING -> toText(from);
      case BOOLEAN -> parsing(from, to, Casts::parseBoolean);
      case BYTES -> parsing(from, to, Base64.getDecoder()::decode);
      case INTEGER ->
          from.isNumber()
              ? value -> ((Number) value).intValue()
              : parsing(from, to, Integer::parseInt);
      case BIGINT ->
          from.isNumber()
              ? value -> ((Number) value).longValue()
              : parsing(from, to, Long::parseLong);
      case DOUBLE ->
          from.isNumber()
              ? value -> ((Number) value).doubleValue()
              : parsing(from, to, Casts::parseDouble);
      case DECIMAL -> toDecimal(from, to);
      case DATE, TIME, TIMESTAMP -> toTime(from, to);
      case ARRAY -> toArray(from, to);
      case MAP -> toMap(from, to);
      case STRUCT -> toStruct(from, to);
    };
  }

  private interface Parser {
    Object parse(String text);
  }

  private static UnaryOperator<Object> parsing(Type from, Type to, Parser parser) {
    if (from.kind != Type.Kind.STRING) {
      throw unsupported(from, to);
    }
    return value -> parser.parse(((String) value).trim());
  }

  private static IllegalArgumentException unsupported(Type from, Type to) {
    return new IllegalArgumentException("Cast of " + from + " to " + to + " is not supported");
  }

  /** Any beginning of 'true' or 'yes' is true, everything else false. */
  private static boolean parseBoolean(String text) {
    return !text.isEmpty() && (begins("true", text) || begins("yes", text));
  }

  private static boolean begins(String word, String text) {
    return word.regionMatches(true, 0, text, 0, text.length()) && text.length() <= word.length();
  }

  /** Java's reading of a double, without its suffixes d and f. Throws NumberFormatException. */
  private static double parseDouble(String text) {
    if (!text.isEmpty() && "dDfF".indexOf(text.charAt(text.length() - 1)) >= 0) {
      throw new NumberFormatException("not a number: " + text);
    }
    return Double.parseDouble(text);
  }

  private static UnaryOperator<Object> toDecimal(Type from, Type to) {
    MathContext digits = new MathContext(to.precision);
    return switch (from.kind) {
      case INTEGER, BIGINT ->
          value -> fit(new BigDecimal(((Number) value).longValue(), digits), to);
      case DOUBLE -> value -> fit(new BigDecimal((Double) value, digits), to);
      case DECIMAL -> value -> fit((BigDecimal) value, to);
      case STRING -> value -> fit(new BigDecimal(((String) value).trim()), to);
      default -> throw unsupported(from, to);
    };
  }

  /**
   * The value with the scale of the type, rounded half up. Throws ArithmeticException if it has too
   * many digits before the point.
   */
  static BigDecimal fit(BigDecimal value, Type type) {
    return Decimals.scaled(value, type, RoundingMode.HALF_UP);
  }

  private static UnaryOperator<Object> toTime(Type from, Type to) {
    return switch (to.kind) {
      case DATE ->
          from.kind == Type.Kind.TIMESTAMP
              ? value -> (int) Math.floorDiv((Long) value, Times.DAY)
              : parsing(from, to, Times::parseDate);
      case TIME ->
          from.kind == Type.Kind.TIMESTAMP
              ? value -> (int) Math.floorMod((Long) value, Times.DAY)
              : parsing(from, to, Times::parseTime);
      default ->
          from.kind == Type.Kind.DATE
              ? value -> ((Number) value).longValue() * Times.DAY
              : parsing(from, to, Times::parseTimestamp);
    };
  }

  private static UnaryOperator<Object> toArray(Type from, Type to) {
    if (from.kind != Type.Kind.ARRAY) {
      throw unsupported(from, to);
    }
    UnaryOperator<Object> element = of(from.element, to.element);
    return value -> {
      List<Object> result = new ArrayList<>(((List<?>) value).size());
      ((List<?>) value).forEach(item -> result.add(element.apply(item)));
      return result;
    };
  }

  private static UnaryOperator<Object> toMap(Type from, Type to) {
    if (from.kind != Type.Kind.MAP) {
      throw unsupported(from, to);
    }
    UnaryOperator<Object> key = of(from.key, to.key);
    UnaryOperator<Object> element = of(from.element, to.element);
    return value -> {
      Map<Object, Object> result = new HashMap<>(((Map<?, ?>) value).size());
      ((Map<?, ?>) value).forEach((k, v) -> result.put(key.apply(k), element.apply(v)));
      return result;
    };
  }

  private static UnaryOperator<Object> toStruct(Type from, Type to) {
    if (from.kind != Type.Kind.STRUCT) {
      throw unsupported(from, to);
    }
    List<String> sources = Arrays.asList(from.names);
    int[] index = Arrays.stream(to.names).mapToInt(sources::indexOf).toArray();
    List<UnaryOperator<Object>> fields = new ArrayList<>();
    for (int i = 0; i < index.length; i++) {
      fields.add(index[i] < 0 ? value -> null : of(from.members[index[i]], to.members[i]));
    }
    return value -> structOf((Object[]) value, index, fields);
  }

  private static Object[] structOf(
      Object[] source, int[] index, List<UnaryOperator<Object>> fields) {
    Object[] result = new Object[index.length];
    for (int i = 0; i < index.length; i++) {
      result[i] = index[i] < 0 ? null : fields.get(i).apply(source[index[i]]);
    }
    return result;
  }

  private static UnaryOperator<Object> toText(Type from) {
    return switch (from.kind) {
      case DECIMAL -> value -> ((BigDecimal) value).toPlainString();
      case BYTES -> throw unsupported(from, Type.STRING);
      default -> value -> text(value, from);
    };
  }

  /** The text ksqlDB writes for a value, also inside arrays, maps and structs. */
  public static String text(Object value, Type type) {
    if (value == null) {
      return "null";
    }
    return switch (type.kind) {
      case DATE -> Times.formatDate((Integer) value);
      case TIME -> Times.formatTime((Integer) value);
      case TIMESTAMP -> Times.formatTimestamp((Long) value);
      case BYTES -> Base64.getEncoder().encodeToString((byte[]) value);
      case ARRAY -> arrayText((List<?>) value, type);
      case MAP -> mapText((Map<?, ?>) value, type);
      case STRUCT -> structText((Object[]) value, type);
      default -> value.toString();
    };
  }

  private static String arrayText(List<?> value, Type type) {
    StringJoiner text = new StringJoiner(", ", "[", "]");
    value.forEach(item -> text.add(text(item, type.element)));
    return text.toString();
  }

  private static String mapText(Map<?, ?> value, Type type) {
    StringJoiner text = new StringJoiner(", ", "{", "}");
    value.forEach((k, v) -> text.add(text(k, type.key) + "=" + text(v, type.element)));
    return text.toString();
  }

  private static String structText(Object[] value, Type type) {
    StringJoiner text = new StringJoiner(",", "Struct{", "}");
    for (int i = 0; i < value.length; i++) {
      if (value[i] != null) {
        text.add(type.names[i] + "=" + text(value[i], type.members[i]));
      }
    }
    return text.toString();
  }
}
