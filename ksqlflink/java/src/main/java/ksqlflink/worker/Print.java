package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import ksqlflink.format.Guess;
import ksqlflink.format.Registry;
import ksqlflink.plan.KafkaRecord;

/**
 * print: {"records"} in the formats they seem to have; {"keys"} and {"values"} are those that all
 * before could have. Answered by those that are left, and by {"texts"}, a key and a value each.
 */
final class Print implements Op {
  @Override
  public void answer(JsonNode request, ObjectNode answer) throws IOException {
    Registry registry = new Registry("");
    registry.learn(request.path("schemas"));
    Guess keys = new Guess(names(request.get("keys")), registry);
    Guess values = new Guess(names(request.get("values")), registry);
    List<KafkaRecord> records = new ArrayList<>();
    for (JsonNode node : request.get("records")) {
      KafkaRecord record = Session.kafkaRecord(node);
      keys.learn(record.key());
      values.learn(record.value());
      records.add(record);
    }
    keys.names().forEach(answer.putArray("keys")::add);
    values.names().forEach(answer.putArray("values")::add);
    ArrayNode texts = answer.putArray("texts");
    records.forEach(
        each -> texts.addArray().add(keys.text(each.key())).add(values.text(each.value())));
  }

  private static List<String> names(JsonNode nodes) {
    List<String> names = new ArrayList<>();
    nodes.forEach(node -> names.add(node.textValue()));
    return names;
  }
}
