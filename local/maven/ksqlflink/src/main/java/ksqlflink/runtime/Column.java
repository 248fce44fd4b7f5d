package ksqlflink.runtime;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/** A named, typed column. */
record Column(String name, Type type) {
  /** Reads a list of {"name", "type"}. */
  static List<Column> listOf(JsonNode nodes) {
    List<Column> columns = new ArrayList<>();
    if (nodes != null) {
      nodes.forEach(node -> columns.add(new Column(node.get("name").textValue(), Type.of(node.get("type")))));
    }
    return columns;
  }

  static List<Type> types(List<Column> columns) {
    return columns.stream().map(Column::type).toList();
  }
}
