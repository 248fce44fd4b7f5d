package ksqlflink.type;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** A named, typed column. */
public record Column(String name, Type type) {
  /** Reads a list of {"name", "type"}. */
  public static List<Column> listOf(JsonNode nodes) {
    List<Column> columns = new ArrayList<>();
    if (nodes != null) {
      nodes.forEach(
          node -> columns.add(new Column(node.get("name").textValue(), Type.of(node.get("type")))));
    }
    return columns;
  }

  public static List<Type> types(List<Column> columns) {
    return columns.stream().map(Column::type).toList();
  }
}
