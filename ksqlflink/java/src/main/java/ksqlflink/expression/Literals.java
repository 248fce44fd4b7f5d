package ksqlflink.expression;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import ksqlflink.type.Type;

/** The values that stand in a plan. */
final class Literals {
  private Literals() {}

  static Expression literal(JsonNode node) {
    Object value = constant(node.get("value"), Type.of(node.get("type")));
    return row -> value;
  }

  private static Object constant(JsonNode value, Type type) {
    if (value == null || value.isNull() || type == null) {
      return null;
    }
    return switch (type.kind) {
      case BOOLEAN -> value.asBoolean();
      case STRING -> value.asText();
      case BYTES -> bytes(value);
      case INTEGER, DATE, TIME ->
          value.isTextual()
              ? Casts.of(Type.STRING, type).apply(value.textValue())
              : value.intValue();
      case BIGINT, TIMESTAMP, DOUBLE -> number(value, type);
      default -> Casts.of(Type.STRING, type).apply(value.asText());
    };
  }

  private static Object number(JsonNode value, Type type) {
    if (value.isNumber()) {
      return type.kind == Type.Kind.DOUBLE
          ? (Object) value.doubleValue()
          : (Object) value.longValue();
    }
    boolean digits = type.kind == Type.Kind.TIMESTAMP && value.textValue().matches("-?\\d{5,}");
    return digits
        ? (Object) Long.valueOf(value.textValue())
        : Casts.of(Type.STRING, type).apply(value.textValue());
  }

  private static byte[] bytes(JsonNode value) {
    try {
      return value.binaryValue();
    } catch (IOException failure) {
      throw new IllegalArgumentException("not base64: " + value, failure);
    }
  }
}
