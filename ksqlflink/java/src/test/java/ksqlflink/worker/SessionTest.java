package ksqlflink.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import ksqlflink.plan.Plan;
import org.junit.jupiter.api.Test;

/** A query SELECT id, v + 1 AS w .. WHERE v > 1, and one that counts and adds up by id. */
final class SessionTest {
  private static Session session(String plan) throws IOException {
    try (InputStream json = SessionTest.class.getResourceAsStream(plan + ".json")) {
      return new Session(Plan.of(Json.MAPPER.readTree(json)), new Sessions(Long.MAX_VALUE));
    }
  }

  private final ArrayNode records = Json.MAPPER.createArrayNode();

  private void give(String key, String value, long ms) {
    ArrayNode record = records.addArray().add(0).add(0).add(records.size() - 1).add(ms);
    record.add(key.getBytes(StandardCharsets.UTF_8));
    record.add(value == null ? null : value.getBytes(StandardCharsets.UTF_8));
  }

  private JsonNode answer(Session session) throws IOException {
    ObjectNode request = Json.MAPPER.createObjectNode();
    request.set("records", records.deepCopy());
    ObjectNode answer = Json.MAPPER.createObjectNode();
    session.process(request, answer);
    records.removeAll();
    return answer;
  }

  private static List<String> results(JsonNode answer) throws IOException {
    List<String> results = new ArrayList<>();
    for (JsonNode record : answer.get("records")) {
      results.add(text(record.get(0)) + " " + text(record.get(1)) + " " + record.get(2));
    }
    return results;
  }

  private static String text(JsonNode bytes) throws IOException {
    return new String(bytes.binaryValue(), StandardCharsets.UTF_8);
  }

  @Test
  void aQueryWithoutStateTakesRecordByRecord() throws IOException {
    Session session = session("project");
    give("a", "{\"V\": 1}", 10);
    give("b", "{\"V\": 2}", 20);
    give("c", "{\"V\"", 30);
    give("d", "{\"V\": 3}", 5);
    JsonNode answer = answer(session);
    assertEquals(List.of("b {\"W\":3} 20", "d {\"W\":4} 5"), results(answer));
    assertEquals(1, answer.get("skipped").size());
    assertEquals(2, answer.get("skipped").get(0).get(1).longValue());
  }

  @Test
  void aQueryWithStateRemembersWhatCameBefore() throws IOException {
    Session session = session("aggregate");
    give("a", "{\"V\": 1}", 10);
    give("b", "{\"V\": 5}", 20);
    give("a", null, 25);
    assertEquals(
        List.of("a {\"N\":1,\"TOTAL\":1} 10", "b {\"N\":1,\"TOTAL\":5} 20"),
        results(answer(session)));
    give("a", "{\"V\": 2}", 5);
    assertEquals(List.of("a {\"N\":2,\"TOTAL\":3} 10"), results(answer(session)));
  }

  @Test
  void sessionsKnowNothingOfEachOther() throws IOException {
    give("a", "{\"V\": 1}", 10);
    answer(session("aggregate"));
    give("a", "{\"V\": 7}", 10);
    assertEquals(List.of("a {\"N\":1,\"TOTAL\":7} 10"), results(answer(session("aggregate"))));
  }

  /** SELECT k, windowstart, n .. WHERE n > 5 over a table with a row for each second of a key. */
  @Test
  void eachWindowOfAKeyIsARowOfItsOwn() throws IOException {
    Session session = session("windowed-table");
    give(window(1), "{\"N\": 6}", 10);
    give(window(2), "{\"N\": 1}", 20);
    give(window(2), "{\"N\": 7}", 30);
    give(window(1), "{\"N\": 3}", 40);
    give(window(2), null, 50);
    JsonNode answer = answer(session);
    List<String> shown = new ArrayList<>();
    for (JsonNode record : answer.get("records")) {
      boolean tombstone = record.get(1).isNull();
      shown.add((tombstone ? "- " : "") + text(record.get(tombstone ? 0 : 1)));
    }
    List<String> expected =
        List.of("[\"a\",1,6]", "[\"a\",2,7]", "- [\"a\",1,null]", "- [\"a\",2,null]");
    assertEquals(expected, shown);
  }

  /** The key "a" of the window that begins at that millisecond. */
  private static String window(int start) {
    return "a" + "\0".repeat(7) + (char) start;
  }
}
