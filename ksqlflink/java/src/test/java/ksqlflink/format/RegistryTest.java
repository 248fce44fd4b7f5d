package ksqlflink.format;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.net.http.HttpClient;
import ksqlflink.type.Undecodable;
import org.junit.jupiter.api.Test;

final class RegistryTest {
  private static Registry knowing(String fields) {
    ObjectMapper mapper = new ObjectMapper();
    Registry registry = new Registry("");
    String schema = "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" + fields + "]}";
    registry.learn(mapper.createObjectNode().put("7", schema));
    return registry;
  }

  private static String field(String rest) {
    return "{\"name\":\"a\",\"type\":\"int\"" + rest + "}";
  }

  @Test
  void aWriterMayHaveAWrongDefault() {
    Registry registry = knowing(field(",\"default\":\"none\""));
    assertEquals("a", registry.schema(7).getFields().get(0).name());
  }

  @Test
  void whatIsNoSchemaIsSkipped() {
    Registry registry = knowing(field("") + "," + field(""));
    assertThrows(Undecodable.class, () -> registry.schema(7));
  }

  /** Its threads would keep the classes of every job that has run in a task manager. */
  @Test
  void noClientOutlivesItsRegistry() {
    fields()
        .that()
        .haveRawType(HttpClient.class)
        .should()
        .notBeStatic()
        .check(new ClassFileImporter().importPackages("ksqlflink.format"));
  }
}
