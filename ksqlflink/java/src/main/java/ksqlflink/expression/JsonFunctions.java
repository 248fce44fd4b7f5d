package ksqlflink.expression;

import static ksqlflink.expression.Functions.plain;
import static ksqlflink.expression.Functions.strict;
import static ksqlflink.expression.Functions.strictly;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import ksqlflink.type.Type;

/** Functions of JSON texts. Text that is not JSON throws IllegalArgumentException. */
final class JsonFunctions {
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .configure(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN, true)
          .build();

  private JsonFunctions() {}

  static void addTo(Map<String, Functions.Factory> functions) {
    functions.put("EXTRACTJSONFIELD", call -> extract());
    functions.put("IS_JSON_STRING", plain(args -> args[0] != null && isJson((String) args[0])));
    functions.put("JSON_ARRAY_CONTAINS", plain(args -> contains((String) args[0], args[1])));
    functions.put("JSON_ARRAY_LENGTH", strict(args -> length(parse((String) args[0]))));
    functions.put("JSON_CONCAT", strict(JsonFunctions::concat));
    functions.put("JSON_ITEMS", strict(args -> items(parse((String) args[0]))));
    functions.put("JSON_KEYS", strict(args -> keys(parse((String) args[0]))));
    functions.put("JSON_RECORDS", strict(args -> records(parse((String) args[0]))));
    functions.put("TO_JSON_STRING", call -> args -> write(plainValue(args[0], call.args()[0])));
  }

  private static JsonNode parse(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException failure) {
      throw new IllegalArgumentException("Invalid JSON format:" + text, failure);
    }
  }

  private static String write(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException failure) {
      throw new IllegalArgumentException("JSON serialization error", failure);
    }
  }

  private static Functions.Function extract() {
    Memo<String, JsonPath> paths = new Memo<>(JsonPath::new);
    return strictly(
        args -> {
          JsonNode found = paths.get((String) args[1]).find(parse((String) args[0]));
          return found == null ? null : text(found);
        });
  }

  private static String text(JsonNode node) {
    return node.isTextual() ? node.textValue() : node.isMissingNode() ? "" : node.toString();
  }

  private static boolean isJson(String text) {
    try {
      return !parse(text).isMissingNode();
    } catch (IllegalArgumentException notJson) {
      return false;
    }
  }

  private static Object contains(String text, Object wanted) {
    JsonNode array;
    try {
      array = parse(text);
    } catch (IllegalArgumentException notJson) {
      return false;
    }
    for (JsonNode element : array.isArray() ? array : MAPPER.createArrayNode()) {
      if (equal(element, wanted)) {
        return true;
      }
    }
    return false;
  }

  private static boolean equal(JsonNode element, Object wanted) {
    if (wanted instanceof Integer || wanted instanceof Long) {
      return element.isIntegralNumber()
          && element.canConvertToLong()
          && element.longValue() == ((Number) wanted).longValue();
    }
    if (wanted instanceof Double number) {
      return element.isBigDecimal() && element.doubleValue() == number;
    }
    if (wanted instanceof Boolean bool) {
      return element.isBoolean() && element.booleanValue() == bool;
    }
    return wanted == null
        ? element.isNull()
        : element.isTextual() && element.textValue().equals(wanted);
  }

  private static Object length(JsonNode node) {
    return node.isArray() ? node.size() : null;
  }

  private static Object concat(Object[] args) {
    List<JsonNode> nodes = new ArrayList<>();
    for (Object arg : args) {
      nodes.add(parse((String) arg));
    }
    if (nodes.stream().anyMatch(JsonNode::isMissingNode)) {
      return null;
    }
    return write(nodes.stream().allMatch(JsonNode::isObject) ? merged(nodes) : joined(nodes));
  }

  private static JsonNode merged(List<JsonNode> nodes) {
    ObjectNode result = MAPPER.createObjectNode();
    nodes.forEach(node -> result.setAll((ObjectNode) node));
    return result;
  }

  private static JsonNode joined(List<JsonNode> nodes) {
    if (nodes.size() == 1) {
      return nodes.get(0);
    }
    ArrayNode result = MAPPER.createArrayNode();
    for (JsonNode node : nodes) {
      if (node.isArray()) {
        result.addAll((ArrayNode) node);
      } else {
        result.add(node);
      }
    }
    return result;
  }

  private static Object items(JsonNode node) {
    if (!node.isArray()) {
      throw new IllegalArgumentException("not a JSON array: " + node);
    }
    List<Object> items = new ArrayList<>();
    for (JsonNode item : node) {
      if (!item.isObject()) {
        return null;
      }
      items.add(item.toString());
    }
    return items;
  }

  private static Object keys(JsonNode node) {
    List<Object> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    return node.isObject() ? keys : null;
  }

  private static Object records(JsonNode node) {
    Map<Object, Object> records = new HashMap<>(node.size());
    node.fieldNames().forEachRemaining(name -> records.put(name, text(node.get(name))));
    return node.isObject() ? records : null;
  }

  /**
   * The value in Java classes that Jackson writes as ksqlDB does: times as text, structs and maps
   * sorted.
   */
  private static Object plainValue(Object value, Type type) {
    if (value == null || type == null) {
      return null;
    }
    return switch (type.kind) {
      case DATE, TIME, TIMESTAMP -> Casts.text(value, type);
      case BYTES -> Base64.getEncoder().encodeToString((byte[]) value);
      case ARRAY -> plainList((List<?>) value, type.element);
      case MAP -> plainMap((Map<?, ?>) value, type.element);
      case STRUCT -> plainStruct((Object[]) value, type);
      default -> value;
    };
  }

  private static Object plainList(List<?> value, Type element) {
    List<Object> result = new ArrayList<>();
    value.forEach(item -> result.add(plainValue(item, element)));
    return result;
  }

  private static Object plainMap(Map<?, ?> value, Type element) {
    Map<String, Object> result = new TreeMap<>();
    value.forEach((k, v) -> result.put(k.toString(), plainValue(v, element)));
    return result;
  }

  private static Object plainStruct(Object[] value, Type type) {
    Map<String, Object> result = new TreeMap<>();
    for (int i = 0; i < value.length; i++) {
      result.put(type.names[i], plainValue(value[i], type.members[i]));
    }
    return result;
  }
}
