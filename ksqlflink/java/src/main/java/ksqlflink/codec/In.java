package ksqlflink.codec;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import ksqlflink.type.Undecodable;

/** Reads what Out writes. Throws Undecodable where the bytes end too early. */
public final class In {
  private final byte[] bytes;
  private int position;

  public In(byte[] bytes) {
    this(bytes, 0);
  }

  public In(byte[] bytes, int position) {
    this.bytes = bytes;
    this.position = position;
  }

  public int read() {
    if (position >= bytes.length) {
      throw new Undecodable("it ends too early");
    }
    return bytes[position++] & 0xFF;
  }

  public long readLong() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int next = read();
      value |= (long) (next & 0x7F) << shift;
      if ((next & 0x80) == 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new Undecodable("a number is too long");
  }

  public int readInt() {
    return (int) readLong();
  }

  public double readDouble() {
    return Double.longBitsToDouble(Long.reverseBytes(readFixed()));
  }

  public float readFloat() {
    return Float.intBitsToFloat(Integer.reverseBytes((int) fixed(4)));
  }

  public long readFixed() {
    return fixed(8);
  }

  private long fixed(int length) {
    long value = 0;
    for (int i = 0; i < length; i++) {
      value = value << 8 | read();
    }
    return value;
  }

  public byte[] read(int length) {
    skip(length);
    return Arrays.copyOfRange(bytes, position - length, position);
  }

  public byte[] readBlock() {
    return read(length());
  }

  public String readText() {
    int length = length();
    skip(length);
    return new String(bytes, position - length, length, StandardCharsets.UTF_8);
  }

  public void skipBlock() {
    skip(length());
  }

  void skip(int length) {
    if (length < 0 || length > bytes.length - position) {
      throw new Undecodable("it ends too early");
    }
    position += length;
  }

  public int position() {
    return position;
  }

  public boolean atEnd() {
    return position == bytes.length;
  }

  private int length() {
    long length = readLong();
    if (length < 0 || length > bytes.length) {
      throw new Undecodable("a length is wrong");
    }
    return (int) length;
  }
}
