package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import ksqlflink.plan.Plan;

/**
 * The plans that are being run, by number. They share memory: where it is not enough, the one that
 * holds most ends.
 */
final class Sessions {
  private static final String TOO_MUCH =
      "The query holds more than queries that are run for clients may hold together (%d MB). Run it"
          + " as a persistent query instead: CREATE STREAM or CREATE TABLE .. AS SELECT, and read"
          + " what that writes; or let it read or keep less (WHERE, a smaller window).";

  /** Begins anywhere: a number that an earlier process gave must not name a plan of this one. */
  private final AtomicLong last = new AtomicLong(new SecureRandom().nextLong() >>> 12);

  private final Map<Long, Session> open = new ConcurrentHashMap<>();
  private final long most;

  Sessions() {
    this(Runtime.getRuntime().maxMemory() / 2);
  }

  Sessions(long most) {
    this.most = most;
  }

  long open(Plan plan) {
    long number = last.incrementAndGet();
    open.put(number, new Session(plan, this));
    return number;
  }

  Session of(JsonNode request) {
    Session session = open.get(request.path("session").longValue());
    if (session == null) {
      throw new IllegalArgumentException("unknown session: " + request.path("session"));
    }
    return session;
  }

  void close(JsonNode request) {
    Session closed = open.remove(request.path("session").longValue());
    if (closed != null) {
      closed.end("it was closed");
    }
  }

  synchronized void makeRoom() {
    while (open.values().stream().mapToLong(Session::bytes).sum() > most) {
      Session largest =
          open.values().stream().max(Comparator.comparingLong(Session::bytes)).orElseThrow();
      if (largest.hasEnded()) {
        return; // it will notice soon: no other one has to end for it
      }
      largest.end(String.format(TOO_MUCH, most >> 20));
    }
  }
}
