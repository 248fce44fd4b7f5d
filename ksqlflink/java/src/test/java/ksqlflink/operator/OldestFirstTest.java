package ksqlflink.operator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import ksqlflink.plan.Backlog;
import ksqlflink.plan.Plan;
import ksqlflink.state.Backing;
import ksqlflink.state.Task;
import org.junit.jupiter.api.Test;

/** A stream (side 0) and a table (side 1); what passes is noted as side, name and time. */
final class OldestFirstTest {
  private static final int STREAM = 0;
  private static final int TABLE = 1;

  private final Map<String, byte[]> state = new HashMap<>();
  private final List<String> passed = new ArrayList<>();
  private Backlog backlog;
  private OldestFirst order;
  private Task task;

  private void begin(String stream, String table) throws Exception {
    String input =
        "{\"alias\": \"%s\", \"table\": %s, \"key\": {\"format\": \"KAFKA\", \"columns\": []},"
            + " \"value\": {\"format\": \"JSON\", \"columns\": []}, \"last\": %s}";
    String inputs = input.formatted("s", false, stream) + "," + input.formatted("t", true, table);
    String plan =
        "{\"tasks\": 2, \"operation\": {\"kind\": \"TABLE_JOIN\"}, \"inputs\": [" + inputs + "]}";
    backlog = Plan.of(new ObjectMapper().readTree(plan)).backlog;
    restart();
  }

  /** What lies in the state is all that is left of what went before. */
  private void restart() {
    order =
        new OldestFirst(
            backlog,
            (task, side, ms, key, payload) ->
                passed.add(
                    side
                        + new String(key, StandardCharsets.UTF_8)
                        + ms
                        + (payload == null ? "-" : "")));
    task = new Task(0);
    task.store.use(new InMemory(state));
  }

  private record InMemory(Map<String, byte[]> state) implements Backing {
    @Override
    public byte[] get(String name) {
      return state.get(name);
    }

    @Override
    public void put(String name, byte[] value) {
      state.put(name, value);
    }

    @Override
    public void remove(String name) {
      state.remove(name);
    }
  }

  private void give(int side, int partition, String name, long ms) {
    byte[] key = name.getBytes(StandardCharsets.UTF_8);
    order.process(task, backlog.origin(side, partition), ms, key, new byte[] {1});
  }

  private void end(int side, int partition) {
    order.process(task, backlog.origin(side, partition), 0, null, null);
  }

  private void expect(String... wanted) {
    assertEquals(List.of(wanted), passed);
    passed.clear();
  }

  @Test
  void theOldestHeadGoesFirstWhileBothSidesHaveMoreToCome() throws Exception {
    begin("{\"0\": 9}", "{\"0\": 9}");
    give(STREAM, 0, "a", 10);
    give(STREAM, 0, "b", 40);
    expect();
    give(TABLE, 0, "x", 20);
    expect("0a10", "1x20");
    give(TABLE, 0, "y", 30);
    give(TABLE, 0, "z", 50);
    expect("1y30", "0b40");
    give(STREAM, 0, "c", 45);
    expect("0c45");
  }

  @Test
  void ofOneAgeTheTableGoesFirst() throws Exception {
    begin("{\"0\": 9}", "{\"0\": 9}");
    give(STREAM, 0, "a", 10);
    give(TABLE, 0, "x", 10);
    expect("1x10");
  }

  @Test
  void onlyTheHeadsAreComparedAndEachPartitionKeepsItsOrder() throws Exception {
    begin("{\"0\": 9}", "{\"0\": 9}");
    give(STREAM, 0, "a", 30);
    give(STREAM, 0, "b", 5);
    give(TABLE, 0, "x", 20);
    give(TABLE, 0, "y", 40);
    expect("1x20", "0a30", "0b5");
  }

  @Test
  void whatComesAfterTheBacklogWaitsForItAndThenPassesAsItComes() throws Exception {
    begin("{}", "{\"0\": 9}");
    give(STREAM, 0, "a", 100);
    give(TABLE, 0, "x", 20);
    give(TABLE, 0, "y", 110);
    expect("1x20", "0a100", "1y110");
    give(STREAM, 0, "b", 120);
    expect();
    end(TABLE, 0);
    expect("0b120");
    give(STREAM, 0, "c", 7);
    give(TABLE, 0, "z", 3);
    expect("0c7", "1z3");
  }

  @Test
  void aTaskWaitsForItsOwnPartitionsOnly() throws Exception {
    begin("{\"1\": 9}", "{\"1\": 9}");
    give(STREAM, 0, "a", 10);
    give(TABLE, 0, "x", 5);
    expect("0a10", "1x5");
    assertFalse(state.keySet().stream().anyMatch(name -> name.startsWith("W|")));
  }

  @Test
  void whatWaitsIsStateAndNothingStaysOfIt() throws Exception {
    begin("{\"0\": 9}", "{\"0\": 9}");
    give(STREAM, 0, "a", 10);
    give(STREAM, 0, "b", 30);
    restart();
    give(TABLE, 0, "x", 20);
    expect("0a10", "1x20");
    restart();
    end(TABLE, 0);
    expect("0b30");
    restart();
    end(TABLE, 0);
    give(STREAM, 0, "c", 25);
    expect("0c25");
    end(STREAM, 0);
    assertEquals(1, state.size());
    restart();
    give(STREAM, 0, "d", 50);
    give(TABLE, 0, "y", 40);
    expect("0d50", "1y40");
  }

  @Test
  void deletionsWaitAsWell() throws Exception {
    begin("{\"0\": 9}", "{\"0\": 9}");
    byte[] key = "x".getBytes(StandardCharsets.UTF_8);
    order.process(task, backlog.origin(TABLE, 0), 20, key, null);
    restart();
    give(STREAM, 0, "a", 30);
    expect("1x20-");
  }
}
