package ksqlflink.worker;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** How the lines are read and written. */
final class Json {
  /**
   * A line may be as long and as deep as a client's statement; what is written is ASCII, and so
   * holds half a surrogate pair too.
   */
  static final JsonMapper MAPPER =
      JsonMapper.builder(factory()).enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private static final int ANY = Integer.MAX_VALUE;

  private Json() {}

  private static JsonFactory factory() {
    StreamReadConstraints none =
        StreamReadConstraints.builder()
            .maxStringLength(ANY)
            .maxNestingDepth(ANY)
            .maxNumberLength(ANY)
            .maxNameLength(ANY)
            .build();
    return JsonFactory.builder().streamReadConstraints(none).build();
  }
}
