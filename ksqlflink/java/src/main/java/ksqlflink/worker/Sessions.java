package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import ksqlflink.plan.Plan;

/** The plans that are being run, by number. */
final class Sessions {
  private final AtomicLong last = new AtomicLong();
  private final Map<Long, Session> open = new ConcurrentHashMap<>();

  long open(Plan plan) {
    long number = last.incrementAndGet();
    open.put(number, new Session(plan));
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
    open.remove(request.path("session").longValue());
  }
}
