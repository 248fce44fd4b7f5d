package ksqlflink.runtime;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonGenerator;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Evaluates expressions without columns: reads {"expr": EXPR}, one a line, and writes the value of each as JsonWriter
 * does, or {"error": message} for what does not compile.
 */
final class Evaluate {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Object[] NO_ROW = {};

  private Evaluate() {}

  public static void main(String[] arguments) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream results = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      results.println(result(MAPPER.readTree(line).get("expr")));
    }
    results.flush();
  }

  private static String result(JsonNode expression) throws IOException {
    try {
      Object value = Compiler.guarded(new Compiler(Map.of()).compile(expression)).evaluate(NO_ROW);
      return json(Type.of(expression.get("type")), value);
    } catch (IllegalArgumentException refused) {
      return MAPPER.createObjectNode().put("error", refused.getMessage()).toString();
    }
  }

  private static String json(Type type, Object value) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = MAPPER.createGenerator(text)) {
      JsonWriter.write(json, type, value);
    }
    return text.toString();
  }
}
