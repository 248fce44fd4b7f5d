package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import ksqlflink.expression.Coercion;
import ksqlflink.type.Type;

/** The values of a row of /inserts-stream, taken as strictly as ksqlDB takes them. */
final class RowJson {
  private RowJson() {}

  /**
   * The value of a JSON value. Throws IllegalArgumentException, in ksqlDB's words, for one that the
   * column does not take.
   */
  static Object value(JsonNode node, Type type) {
    if (node == null || node.isNull()) {
      return null;
    }
    try {
      Object value = find(node, type);
      if (value != null) {
        return value;
      }
    } catch (ArithmeticException | NumberFormatException refused) {
      // No such number: said below.
    } catch (DateTimeException refused) {
      throw new IllegalArgumentException(refused.getMessage(), refused);
    }
    throw new IllegalArgumentException(
        "Can't coerce a field of type class " + javaClass(node) + " into type " + type);
  }

  private static Object find(JsonNode node, Type type) {
    return switch (type.kind) {
      case BOOLEAN -> node.isBoolean() ? node.booleanValue() : null;
      case INTEGER -> node.isInt() ? (Object) node.intValue() : null;
      case BIGINT ->
          node.isIntegralNumber() && node.canConvertToLong() ? (Object) node.longValue() : null;
      case DOUBLE -> node.isNumber() ? (Object) node.doubleValue() : null;
      case DECIMAL ->
          node.isNumber() || node.isTextual()
              ? Coercion.exact(new BigDecimal(node.asText()), type)
              : null;
      case ARRAY -> node.isArray() ? array(node, type) : null;
      case MAP -> node.isObject() ? map(node, type) : null;
      case STRUCT -> node.isObject() ? struct(node, type) : null;
      default -> node.isTextual() ? Coercion.ofText(node.textValue(), type) : null;
    };
  }

  private static List<Object> array(JsonNode node, Type type) {
    List<Object> items = new ArrayList<>(node.size());
    node.forEach(item -> items.add(value(item, type.element)));
    return items;
  }

  private static Map<Object, Object> map(JsonNode node, Type type) {
    Map<Object, Object> entries = new LinkedHashMap<>();
    node.fields()
        .forEachRemaining(
            field -> entries.put(field.getKey(), value(field.getValue(), type.element)));
    return entries;
  }

  private static Object[] struct(JsonNode node, Type type) {
    List<String> names = List.of(type.names);
    Object[] members = new Object[type.names.length];
    node.fields()
        .forEachRemaining(
            field -> {
              int at = names.indexOf(column(field.getKey()));
              if (at >= 0) {
                members[at] = value(field.getValue(), type.members[at]);
              }
            });
    return members;
  }

  /** A name as SQL would read it: in upper case unless it is quoted. */
  private static String column(String text) {
    int last = text.length() - 1;
    boolean quoted =
        last > 0 && "`\"".indexOf(text.charAt(0)) >= 0 && text.charAt(last) == text.charAt(0);
    return quoted ? text.substring(1, last) : text.toUpperCase(Locale.ROOT);
  }

  private static String javaClass(JsonNode node) {
    return switch (node.getNodeType()) {
      case BOOLEAN -> "java.lang.Boolean";
      case STRING -> "java.lang.String";
      case ARRAY -> "io.vertx.core.json.JsonArray";
      case OBJECT -> "io.vertx.core.json.JsonObject";
      default ->
          node.isInt()
              ? "java.lang.Integer"
              : node.isIntegralNumber() ? "java.lang.Long" : "java.lang.Double";
    };
  }
}
