package ksqlflink;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RoomsTest {
  /** From the ground up: a room knows those before it only. */
  private static final List<String> FLOORS =
      List.of(
          "type",
          "codec",
          "expression",
          "format",
          "aggregate",
          "state",
          "plan",
          "operator",
          "flink");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("ksqlflink");

  @Test
  void arrowsBetweenRoomsGoOneWay() {
    LayeredArchitecture house = layeredArchitecture().consideringOnlyDependenciesInLayers();
    for (String room : FLOORS) {
      house = house.layer(room).definedBy("ksqlflink." + room);
    }
    house = house.whereLayer(FLOORS.get(0)).mayNotAccessAnyLayer();
    for (int floor = 1; floor < FLOORS.size(); floor++) {
      String[] below = FLOORS.subList(0, floor).toArray(String[]::new);
      house = house.whereLayer(FLOORS.get(floor)).mayOnlyAccessLayers(below);
    }
    house.check(CLASSES);
  }

  @Test
  void onlyOneRoomKnowsFlink() {
    noClasses()
        .that()
        .resideOutsideOfPackage("ksqlflink.flink")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "ksqlflink.flink", "org.apache.flink..", "org.apache.kafka..", "org.slf4j..")
        .check(CLASSES);
  }
}
