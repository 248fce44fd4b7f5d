package ksqlflink.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class MainTest {
  private static final int MANY = 5_000;

  /** The answers to some requests, by their ids. */
  private static Map<Integer, String> answers(String... requests) throws Exception {
    byte[] lines = (String.join("\n", requests) + "\n").getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    Main.serve(new ByteArrayInputStream(lines), written);
    Map<Integer, String> byId = new TreeMap<>();
    for (String line : written.toString(StandardCharsets.US_ASCII).lines().toList()) {
      JsonNode answer = Json.MAPPER.readTree(line);
      byId.put(answer.get("id").intValue(), line);
    }
    return byId;
  }

  private static String error(int id, String kind, String message) {
    return "{\"id\":%d,\"error\":{\"kind\":\"%s\",\"message\":\"%s\"}}"
        .formatted(id, kind, message);
  }

  private static String text(String value) {
    return "{\"op\":\"literal\",\"type\":\"STRING\",\"value\":\"" + value + "\"}";
  }

  private static String evaluate(int id, String expression) {
    return "{\"id\":%d,\"op\":\"evaluate\",\"expr\":%s}".formatted(id, expression);
  }

  @Test
  void whatIsNotKnownIsRefusedAndTheRestIsAnswered() throws Exception {
    String call = "{\"op\":\"call\",\"name\":\"NOPE\",\"type\":\"STRING\",\"args\":[]}";
    Map<Integer, String> expected =
        Map.of(
            1, error(1, "refused", "unknown op: wink"),
            2, error(2, "refused", "unknown function: NOPE"),
            3, error(3, "refused", "unknown session: 9"),
            4, "{\"id\":4}");
    Map<Integer, String> found =
        answers(
            "{\"id\":1,\"op\":\"wink\"}",
            evaluate(2, call),
            "{\"id\":3,\"op\":\"run.records\",\"session\":9,\"records\":[]}",
            "{\"id\":4,\"op\":\"ping\"}");
    assertEquals(expected, found);
  }

  @Test
  void aFailureIsTheAnswerToItsRequestOnly() throws Exception {
    String endless = "{\"op\":\"NOT\",\"args\":[".repeat(MANY * 4);
    String deep = endless + "null" + "]}".repeat(MANY * 4);
    Map<Integer, String> found = answers(evaluate(1, deep), evaluate(2, text("x")));
    assertEquals(error(1, "failed", "java.lang.StackOverflowError"), found.get(1));
    assertEquals("{\"id\":2,\"value\":\"x\"}", found.get(2));
  }

  @Test
  void aDecimalKeepsItsScaleAndHalfASurrogatePairIsWritten() throws Exception {
    String decimal = "{\"op\":\"literal\",\"type\":{\"decimal\":[5,2]},\"value\":\"1.50\"}";
    Map<Integer, String> found = answers(evaluate(1, decimal), evaluate(2, text("\\ud83dé")));
    assertEquals("{\"id\":1,\"value\":1.50}", found.get(1));
    assertEquals("{\"id\":2,\"value\":\"\\uD83D\\u00E9\"}", found.get(2));
  }

  @Test
  void everyOneOfManyRequestsIsAnswered() throws Exception {
    String[] requests =
        IntStream.range(0, MANY).mapToObj(i -> evaluate(i, text("t" + i))).toArray(String[]::new);
    Map<Integer, String> expected =
        IntStream.range(0, MANY)
            .boxed()
            .collect(
                Collectors.toMap(i -> i, i -> "{\"id\":%d,\"value\":\"t%d\"}".formatted(i, i)));
    assertEquals(expected, answers(requests));
  }

  @Test
  void aNameMayBeAsLongAsAClientWritesIt() throws Exception {
    String name = "x".repeat(60_000);
    String column =
        "{\"name\":\"V\",\"type\":{\"map\":[\"STRING\",\"STRING\"]},\"json\":{\""
            + name
            + "\":\"v\"}}";
    String write =
        "{\"id\":1,\"op\":\"write\",\"columns\":[%s],\"value\":{\"format\":\"JSON\",\"wrap\":true}}";
    JsonNode answer = Json.MAPPER.readTree(answers(write.formatted(column)).get(1));
    String value = new String(answer.get("value").binaryValue(), StandardCharsets.UTF_8);
    assertEquals("{\"V\":{\"" + name + "\":\"v\"}}", value);
  }

  @Test
  void theProcessEndsWhenItCannotReadAnyMore() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classes = System.getProperty("java.class.path");
    Process worker =
        new ProcessBuilder(java, "-cp", classes, Main.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      OutputStream requests = worker.getOutputStream();
      requests.write("{\"id\":1,\"op\":\"ping\"}\n{\n".getBytes(StandardCharsets.UTF_8));
      requests.flush();
      assertTrue(worker.waitFor(20, TimeUnit.SECONDS));
      assertEquals(1, worker.exitValue());
    } finally {
      worker.destroyForcibly();
    }
  }
}
