package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** The ops by name. A further one is a class of its own and a line here. */
final class Ops {
  private final Map<String, Op> byName;

  Ops() {
    Sessions sessions = new Sessions();
    byName =
        Map.ofEntries(
            Map.entry("ping", (request, answer) -> {}),
            Map.entry("names", new Names()),
            Map.entry("evaluate", new Evaluate()),
            Map.entry("write", new Write()),
            Map.entry("select", new Select()),
            Map.entry("print", new Print()),
            Map.entry("run.open", new RunOpen(sessions)),
            Map.entry("run.records", new RunRecords(sessions)),
            Map.entry("run.close", new RunClose(sessions)));
  }

  Op of(JsonNode request) {
    String name = request.path("op").asText();
    Op op = byName.get(name);
    if (op == null) {
      throw new IllegalArgumentException("unknown op: " + name);
    }
    return op;
  }
}
