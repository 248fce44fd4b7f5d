package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import ksqlflink.codec.RowCodec;
import ksqlflink.expression.Compiler;
import ksqlflink.expression.Expression;
import ksqlflink.plan.Arguments;
import ksqlflink.plan.Input;
import ksqlflink.plan.Plan;
import ksqlflink.plan.Sink;
import ksqlflink.state.Task;

/** Where the rows of a join go; a row may be changed as soon as this returns. */
interface Rows {
  void emit(Task task, Object[] row, long ms);

  /** What a plan does with them: WHERE, then SELECT or GROUP BY. */
  static Rows of(Plan plan, Operator.Output output) {
    Plan.Predicate where = plan.where(plan.slots);
    Rows rows = plan.operation.has("aggregate") ? grouped(plan, output) : selected(plan, output);
    return (task, row, ms) -> {
      if (where.test(row)) {
        rows.emit(task, row, ms);
      }
    };
  }

  private static Rows selected(Plan plan, Operator.Output output) {
    Sink sink = new Sink(plan.json, new Compiler(plan.slots));
    return (task, row, ms) -> output.emit(sink, sink.key(row), row, ms);
  }

  /**
   * The aggregation has stream time and stores of its own, as it has behind a repartition topic.
   */
  private static Rows grouped(Plan plan, Operator.Output output) {
    Plan aggregation = plan.with(plan.operation.get("aggregate"));
    Operator operator = Operator.of(aggregation, output);
    Arguments arguments = new Arguments(aggregation);
    JsonNode grouping = aggregation.operation.get("by");
    Compiler compiler = new Compiler(plan.slots);
    List<Expression> compiled = new ArrayList<>();
    grouping.forEach(node -> compiled.add(Compiler.guarded(compiler.compile(node))));
    RowCodec codec = new RowCodec(Input.typesOf(grouping));
    return (task, row, ms) -> {
      Object[] values = compiled.stream().map(expression -> expression.evaluate(row)).toArray();
      if (!Arrays.asList(values).contains(null)) {
        operator.process(task.behind(), 0, ms, codec.encode(values), arguments.encode(row));
      }
    };
  }
}
