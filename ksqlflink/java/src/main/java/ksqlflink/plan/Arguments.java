package ksqlflink.plan;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import ksqlflink.codec.RowCodec;
import ksqlflink.expression.Compiler;
import ksqlflink.expression.Expression;
import ksqlflink.type.Type;

/** The arguments of all aggregate functions of a query, one after the other. */
public final class Arguments {
  private final Expression[] expressions;
  private final RowCodec codec;

  public Arguments(Plan plan) {
    Compiler compiler = new Compiler(plan.slots);
    List<Expression> compiled = new ArrayList<>();
    List<Type> types = new ArrayList<>();
    for (JsonNode aggregate : plan.operation.get("aggregates")) {
      for (JsonNode argument : aggregate.path("args")) {
        compiled.add(Compiler.guarded(compiler.compile(argument)));
        types.add(Type.of(argument.get("type")));
      }
    }
    this.expressions = compiled.toArray(new Expression[0]);
    // The literal NULL has no type; any will do.
    types.replaceAll(type -> type == null ? Type.STRING : type);
    this.codec = new RowCodec(types);
  }

  public byte[] encode(Object[] row) {
    Object[] values = new Object[expressions.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = expressions[i].evaluate(row);
    }
    return codec.encode(values);
  }

  public Object[] decode(byte[] bytes) {
    return codec.decode(bytes);
  }
}
