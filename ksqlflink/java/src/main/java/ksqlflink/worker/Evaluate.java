package ksqlflink.worker;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Map;
import ksqlflink.expression.Compiler;
import ksqlflink.format.JsonWriter;
import ksqlflink.type.Type;

/**
 * evaluate: an expression without columns; {"expr"} is answered by its {"value"} as the JSON format
 * writes it.
 */
final class Evaluate implements Op {
  private static final Object[] NO_ROW = {};

  @Override
  public void answer(JsonNode request, ObjectNode answer) throws IOException {
    JsonNode expression = request.get("expr");
    Object value = Compiler.guarded(new Compiler(Map.of()).compile(expression)).evaluate(NO_ROW);
    answer.putRawValue("value", new RawValue(json(Type.of(expression.get("type")), value)));
  }

  private static String json(Type type, Object value) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = Json.MAPPER.createGenerator(text)) {
      JsonWriter.write(json, type, value);
    }
    return text.toString();
  }
}
