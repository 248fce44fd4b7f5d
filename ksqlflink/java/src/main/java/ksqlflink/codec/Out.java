package ksqlflink.codec;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing buffer; integers are written as zigzag varints, as Avro writes them. */
public final class Out {
  private byte[] bytes = new byte[128];
  private int size;

  public Out write(int value) {
    reserve(1);
    bytes[size++] = (byte) value;
    return this;
  }

  public Out write(byte[] some) {
    reserve(some.length);
    System.arraycopy(some, 0, bytes, size, some.length);
    size += some.length;
    return this;
  }

  public Out writeLong(long value) {
    reserve(10);
    long rest = (value << 1) ^ (value >> 63);
    while ((rest & ~0x7FL) != 0) {
      bytes[size++] = (byte) ((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    bytes[size++] = (byte) rest;
    return this;
  }

  /** Eight bytes, the lowest first, as Avro writes a double. */
  public Out writeDouble(double value) {
    return writeFixed(Long.reverseBytes(Double.doubleToLongBits(value)));
  }

  /** Eight bytes, the highest first. */
  public Out writeFixed(long value) {
    reserve(8);
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes[size++] = (byte) (value >>> shift);
    }
    return this;
  }

  /** Four bytes, the highest first. */
  public Out writeFixedInt(int value) {
    return write(value >>> 24).write(value >>> 16).write(value >>> 8).write(value);
  }

  /** Length and content. */
  public Out writeBlock(byte[] some) {
    return writeLong(some.length).write(some);
  }

  public Out writeText(String text) {
    return writeBlock(text.getBytes(StandardCharsets.UTF_8));
  }

  public byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  private void reserve(int more) {
    if (size + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
    }
  }
}
