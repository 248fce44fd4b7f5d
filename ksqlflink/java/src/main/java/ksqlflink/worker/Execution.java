package ksqlflink.worker;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import ksqlflink.operator.Operator;
import ksqlflink.operator.Projection;
import ksqlflink.operator.RecordReader;
import ksqlflink.operator.Skips;
import ksqlflink.plan.KafkaRecord;
import ksqlflink.plan.Plan;
import ksqlflink.state.MapBacking;
import ksqlflink.state.Task;

/** A plan that runs over records in this process, with its state in memory. */
interface Execution {
  /** Takes a record of one of the plan's inputs. */
  void process(int input, KafkaRecord record);

  /** `grown` is told by how many bytes the state becomes larger or smaller. */
  static Execution of(Plan plan, Operator.Output output, Skips skips, LongConsumer grown) {
    if (plan.kind.equals("PROJECT")) {
      Projection projection = new Projection(plan, output, skips);
      return (input, record) -> projection.process(record);
    }
    Operator operator = Operator.of(plan, output);
    Map<Integer, Task> tasks = new HashMap<>();
    RecordReader.Target target =
        (task, side, ms, key, payload) ->
            operator.process(
                tasks.computeIfAbsent(task, number -> newTask(number, grown)),
                side,
                ms,
                key,
                payload);
    return new RecordReader(plan, target, skips)::read;
  }

  private static Task newTask(int number, LongConsumer grown) {
    Task task = new Task(number);
    task.store.use(new MapBacking(new HashMap<>(), grown));
    return task;
  }
}
