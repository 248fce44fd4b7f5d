package ksqlflink.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import ksqlflink.plan.Plan;
import org.junit.jupiter.api.Test;

/** What the plans that run together may hold together. The query counts and adds up by id. */
final class SessionsTest {
  private static final int LARGE = 1 << 20;

  private static long opened(Sessions sessions) throws IOException {
    try (InputStream json = SessionsTest.class.getResourceAsStream("aggregate.json")) {
      return sessions.open(Plan.of(Json.MAPPER.readTree(json)));
    }
  }

  /**
   * Counts records with keys of their own, each of about `size` characters, one record at a time.
   */
  private static void grow(Sessions sessions, long number, int keys, int size) throws IOException {
    for (int key = 0; key < keys; key++) {
      give(sessions, number, 1, "x".repeat(size) + key, Long.MAX_VALUE);
    }
  }

  private static ObjectNode give(Sessions sessions, long number, int times, String key, long most)
      throws IOException {
    ObjectNode request = request(number).put("most", most);
    ArrayNode records = request.putArray("records");
    for (int i = 0; i < times; i++) {
      byte[] value = "{\"V\": 1}".getBytes(StandardCharsets.UTF_8);
      byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
      records.addArray().add(0).add(0).add(i).add(10).add(bytes).add(value);
    }
    ObjectNode answer = Json.MAPPER.createObjectNode();
    sessions.of(request).process(request, answer);
    return answer;
  }

  private static ObjectNode request(long number) {
    return Json.MAPPER.createObjectNode().put("session", number);
  }

  @Test
  void theOneThatHoldsMostEndsAndTheOthersGoOn() throws IOException {
    Sessions sessions = new Sessions(8 * LARGE);
    long small = opened(sessions);
    long large = opened(sessions);
    grow(sessions, small, 2, LARGE);
    var refused =
        assertThrows(IllegalArgumentException.class, () -> grow(sessions, large, 9, LARGE));
    assertTrue(refused.getMessage().contains("(8 MB). Run it as a persistent query"));
    var again = assertThrows(IllegalArgumentException.class, () -> grow(sessions, large, 1, 1));
    assertEquals(refused.getMessage(), again.getMessage());
    grow(sessions, small, 4, LARGE);
  }

  @Test
  void theLargestEndsAlsoWhereASmallerOneAsksForRoom() throws IOException {
    Sessions sessions = new Sessions(8 * LARGE);
    long large = opened(sessions);
    long small = opened(sessions);
    grow(sessions, large, 5, LARGE);
    grow(sessions, small, 4, LARGE);
    assertThrows(IllegalArgumentException.class, () -> grow(sessions, large, 1, 1));
  }

  @Test
  void manySmallStepsCountAsMuchAsALargeOne() throws IOException {
    Sessions sessions = new Sessions(LARGE);
    long number = opened(sessions);
    grow(sessions, number, 500, 1_000);
    assertThrows(IllegalArgumentException.class, () -> grow(sessions, number, 1_500, 1_001));
  }

  @Test
  void whatAClosedOneHeldIsFree() throws IOException {
    Sessions sessions = new Sessions(8 * LARGE);
    for (int round = 0; round < 4; round++) {
      long number = opened(sessions);
      grow(sessions, number, 5, LARGE);
      sessions.close(request(number));
      assertThrows(IllegalArgumentException.class, () -> sessions.of(request(number)));
    }
  }

  @Test
  void resultsAreAnsweredAFewAtATime() throws IOException {
    Sessions sessions = new Sessions(Long.MAX_VALUE);
    long number = opened(sessions);
    String key = "x".repeat(1_000);
    ObjectNode answer = give(sessions, number, 5, key, 2_000);
    assertEquals(2, answer.get("taken").intValue());
    assertEquals(2, answer.get("records").size());
    assertEquals(5, give(sessions, number, 5, key, LARGE).get("taken").intValue());
  }

  @Test
  void numbersAreNotThoseOfAnEarlierProcess() throws IOException {
    assertNotEquals(opened(new Sessions()), opened(new Sessions()));
  }

  /** Its own results make it ask for room, and it ends; until it has returned they are held. */
  @SuppressWarnings({"unchecked", "serial"}) // as in ArrayNode itself
  @Test
  void oneThatHasEndedCountsUntilItHasReturned() throws Exception {
    Sessions sessions = new Sessions(Long.MAX_VALUE);
    long number = opened(sessions);
    grow(sessions, number, 2, LARGE);
    Session session = sessions.of(request(number));
    long held = session.bytes();
    ObjectNode blocking = Json.MAPPER.createObjectNode();
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch on = new CountDownLatch(1);
    ArrayNode records =
        new ArrayNode(Json.MAPPER.getNodeFactory()) {
          @Override
          public int size() {
            inside.countDown();
            return await(on) ? super.size() : 0;
          }
        };
    blocking.set("records", records);
    Thread working = new Thread(() -> process(session, blocking));
    working.start();
    assertTrue(await(inside));
    session.end("room is needed");
    assertEquals(held, session.bytes());
    on.countDown();
    working.join();
    assertEquals(0, session.bytes());
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  private static void process(Session session, ObjectNode request) {
    try {
      session.process(request, Json.MAPPER.createObjectNode());
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
