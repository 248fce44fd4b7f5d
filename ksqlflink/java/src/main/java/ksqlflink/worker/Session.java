package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import ksqlflink.expression.Patience;
import ksqlflink.format.Registry;
import ksqlflink.plan.KafkaRecord;
import ksqlflink.plan.Plan;
import ksqlflink.type.Undecodable;

/** A plan that is being run, and the answer that its results go to at the moment. */
@SuppressWarnings("NonAtomicVolatileUpdate") // one thread at a time writes: process is synchronized
final class Session {
  /** By how much it grows until the others are looked at. */
  private static final long STEP = 1 << 18;

  /** For how long an answer may be worked on, in nanoseconds. */
  private static final long SLICE = 1_000_000_000;

  /** For how long at most, where a record takes long, in seconds: others wait for it. */
  private static final int MOST_SECONDS = 5;

  private static final String TOO_LONG =
      "The query was at a single record for more than "
          + MOST_SECONDS
          + " s. Run it as a persistent query instead: CREATE STREAM or CREATE TABLE .. AS SELECT,"
          + " and read what that writes; or let it compute less (regular expressions, lambdas).";

  /** What a result takes besides its content. */
  private static final int RESULT = 200;

  private final Sessions all;
  private final Registry registry;
  private final AtomicLong state = new AtomicLong();
  private final AtomicLong answered = new AtomicLong();
  private volatile Execution execution;
  private volatile String end;
  private long looked;
  private ArrayNode results;
  private ArrayNode skipped;

  Session(Plan plan, Sessions all) {
    this.all = all;
    this.registry = plan.registry;
    this.execution = Execution.of(plan, this::emit, this::skip, state::addAndGet);
  }

  /**
   * Takes {"records": [[input, partition, offset, ms, key, value], ..]}, maybe new {"schemas"},
   * until the results have {"most"} bytes or, where that is given, a second has passed; ends where
   * a single record takes much longer. Answers the results, [[key, value, ms], ..], how many were
   * taken, and what was skipped.
   */
  synchronized void process(JsonNode request, ObjectNode answer) throws IOException {
    registry.learn(request.path("schemas"));
    JsonNode records = request.get("records");
    long most = request.path("most").asLong(Long.MAX_VALUE);
    long until = System.nanoTime() + (request.has("most") ? SLICE : Long.MAX_VALUE / 2);
    results = answer.putArray("records");
    skipped = answer.putArray("skipped");
    int taken = 0;
    while (taken < records.size() && answered.get() < most && System.nanoTime() - until < 0) {
      JsonNode record = records.get(taken++);
      process(record, request.has("most"));
    }
    answer.put("taken", taken);
    answered.set(0);
    results = null;
    skipped = null;
    looked = Math.min(looked, bytes());
  }

  private void process(JsonNode record, boolean limited) throws IOException {
    Patience.endAt(limited ? System.nanoTime() + MOST_SECONDS * SLICE : null);
    try {
      running().process(record.get(0).intValue(), kafkaRecord(record));
    } catch (Patience.Over over) {
      end(TOO_LONG);
      running();
    } finally {
      Patience.endAt(null);
    }
    makeRoom();
  }

  private Execution running() {
    Execution running = execution;
    if (running == null) {
      throw new IllegalArgumentException(end);
    }
    return running;
  }

  private void makeRoom() {
    if (bytes() > looked + STEP) {
      looked = bytes();
      all.makeRoom();
      running();
    }
  }

  /** What it holds: its state, and results that are not on their way yet. */
  long bytes() {
    return execution == null ? 0 : state.get() + answered.get();
  }

  /** Ends it, from whatever thread, and lets go of its state. */
  void end(String why) {
    end = why;
    execution = null;
  }

  static KafkaRecord kafkaRecord(JsonNode record) throws IOException {
    byte[] key = record.get(4).binaryValue();
    byte[] value = record.get(5).binaryValue();
    return new KafkaRecord(
        key, value, record.get(3).longValue(), record.get(1).intValue(), record.get(2).longValue());
  }

  private void emit(byte[] key, byte[] value, long ms) {
    results.addArray().add(key).add(value).add(ms);
    answered.addAndGet(RESULT + length(key) + length(value));
    makeRoom();
  }

  private static int length(byte[] bytes) {
    return bytes == null ? 0 : bytes.length;
  }

  private void skip(KafkaRecord record, Undecodable reason) {
    skipped.addArray().add(record.partition()).add(record.offset()).add(reason.getMessage());
  }
}
