package ksqlflink.runtime;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.types.Row;
import org.apache.flink.util.Collector;

/**
 * Runs a stateful plan without Flink: reads {"plan": PLAN, "records": [[input, key, value, ms], ..]} with keys and values as
 * text, and writes what comes out, [key, value, ms] one a line.
 */
final class Operate implements Collector<Row> {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Operator operator;
  private final Map<Integer, Task> tasks = new HashMap<>();

  private Operate(Plan plan, PrintStream results) {
    operator = Operator.of(plan, (key, value, ms) -> results.println(line(key, value, ms)));
  }

  public static void main(String[] arguments) throws IOException {
    JsonNode given = MAPPER.readTree(System.in);
    String plan = given.get("plan").toString();
    PrintStream results = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    Read read = new Read();
    read.setCollector(new Operate(Plan.of(plan), results));
    long offset = 0;
    for (JsonNode record : given.get("records")) {
      Instant time = Instant.ofEpochMilli(record.get(3).longValue());
      read.eval(record.get(0).intValue(), bytes(record.get(1)), bytes(record.get(2)), time, 0, offset++, plan);
    }
    results.flush();
  }

  private static byte[] bytes(JsonNode text) {
    return text.isNull() ? null : text.textValue().getBytes(StandardCharsets.UTF_8);
  }

  private static String line(byte[] key, byte[] value, long ms) {
    ArrayNode line = MAPPER.createArrayNode();
    for (byte[] part : new byte[][] {key, value}) {
      line.add(part == null ? null : new String(part, StandardCharsets.UTF_8));
    }
    return line.add(ms).toString();
  }

  @Override
  public void collect(Row input) {
    Task task = tasks.computeIfAbsent((Integer) input.getField(0), number -> newTask());
    operator.process(
        task,
        (Integer) input.getField(1),
        (Long) input.getField(2),
        (byte[]) input.getField(3),
        (byte[]) input.getField(4));
  }

  private static Task newTask() {
    Task task = new Task();
    task.store.use(new MapView<>());
    return task;
  }

  @Override
  public void close() {}
}
