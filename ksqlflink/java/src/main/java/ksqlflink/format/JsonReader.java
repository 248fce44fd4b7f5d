package ksqlflink.format;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import ksqlflink.type.Column;
import ksqlflink.type.Decimals;
import ksqlflink.type.Type;
import ksqlflink.type.Undecodable;

/**
 * Reads JSON as ksqlDB does: field names match without regard to case, values are converted where
 * they can be.
 */
final class JsonReader implements Format.Reader {
  private static final ObjectMapper MAPPER =
      new ObjectMapper()
          .enable(
              DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS,
              DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .configure(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES, false);

  private final List<Column> columns;
  private final boolean bare;

  JsonReader(List<Column> columns, boolean bare) {
    this.columns = columns;
    this.bare = bare;
  }

  @Override
  public Object[] read(byte[] bytes) {
    JsonNode root = parse(bytes);
    if (bare) {
      return new Object[] {convert(root, columns.get(0).type())};
    }
    if (!root.isObject()) {
      throw new Undecodable("it is no JSON object");
    }
    Map<String, JsonNode> fields = fields(root);
    Object[] values = new Object[columns.size()];
    for (int i = 0; i < values.length; i++) {
      Column column = columns.get(i);
      JsonNode field = fields.get(column.name());
      field = field == null ? fields.get(column.name().toUpperCase(Locale.ROOT)) : field;
      values[i] = convert(field, column.type());
    }
    return values;
  }

  private static JsonNode parse(byte[] bytes) {
    try {
      JsonNode root = MAPPER.readTree(bytes);
      if (root == null || root.isMissingNode()) {
        throw new Undecodable("it is empty");
      }
      return root;
    } catch (IOException error) {
      throw new Undecodable("it is no JSON");
    }
  }

  /** By exact and by upper-case name. */
  private static Map<String, JsonNode> fields(JsonNode object) {
    Map<String, JsonNode> fields = new HashMap<>();
    object
        .fields()
        .forEachRemaining(
            field -> fields.put(field.getKey().toUpperCase(Locale.ROOT), field.getValue()));
    object.fields().forEachRemaining(field -> fields.put(field.getKey(), field.getValue()));
    return fields;
  }

  private static Object convert(JsonNode node, Type type) {
    if (node == null || node.isNull()) {
      return null;
    }
    try {
      return switch (type.kind) {
        case BOOLEAN -> bool(node);
        case INTEGER, DATE, TIME ->
            node.isNumber() ? (Object) node.intValue() : Integer.parseInt(text(node));
        case BIGINT, TIMESTAMP ->
            node.isNumber() ? (Object) node.longValue() : Long.parseLong(text(node));
        case DOUBLE ->
            node.isNumber() ? (Object) node.doubleValue() : Double.parseDouble(text(node));
        case DECIMAL ->
            decimal(node.isNumber() ? node.decimalValue() : new BigDecimal(text(node)), type);
        case STRING -> node.isContainerNode() ? node.toString() : node.asText();
        case BYTES -> node.binaryValue();
        case ARRAY -> array(node, type);
        case MAP -> map(node, type);
        case STRUCT -> struct(node, type);
      };
    } catch (NumberFormatException | IOException error) {
      throw new Undecodable(node + " is no " + type);
    }
  }

  private static Boolean bool(JsonNode node) {
    if (!node.isBoolean()) {
      throw new Undecodable(node + " is no BOOLEAN");
    }
    return node.booleanValue();
  }

  private static String text(JsonNode node) {
    if (!node.isTextual()) {
      throw new Undecodable(node + " is no number");
    }
    return node.textValue();
  }

  /** The number with the type's scale; only zeros may be lost. */
  static BigDecimal decimal(BigDecimal value, Type type) {
    try {
      return Decimals.scaled(value, type, RoundingMode.UNNECESSARY);
    } catch (ArithmeticException error) {
      throw new Undecodable(value + " does not fit " + type);
    }
  }

  private static List<Object> array(JsonNode node, Type type) {
    if (!node.isArray()) {
      throw new Undecodable(node + " is no ARRAY");
    }
    List<Object> items = new ArrayList<>(node.size());
    node.forEach(item -> items.add(convert(item, type.element)));
    return items;
  }

  private static Map<Object, Object> map(JsonNode node, Type type) {
    if (!node.isObject()) {
      throw new Undecodable(node + " is no MAP");
    }
    Map<Object, Object> entries = new LinkedHashMap<>();
    node.fields()
        .forEachRemaining(
            field ->
                entries.put(
                    convert(MAPPER.getNodeFactory().textNode(field.getKey()), type.key),
                    convert(field.getValue(), type.element)));
    return entries;
  }

  private static Object[] struct(JsonNode node, Type type) {
    if (!node.isObject()) {
      throw new Undecodable(node + " is no STRUCT");
    }
    Map<String, JsonNode> fields = fields(node);
    Object[] members = new Object[type.members.length];
    for (int i = 0; i < members.length; i++) {
      JsonNode field = fields.get(type.names[i]);
      members[i] =
          convert(
              field == null ? fields.get(type.names[i].toUpperCase(Locale.ROOT)) : field,
              type.members[i]);
    }
    return members;
  }
}
