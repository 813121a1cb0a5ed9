package hashing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Where a key falls: the first 8 bytes of SHA-256, big-endian, as an unsigned 64-bit number. */
public final class KeyHash {
    private KeyHash() {}

    // --- key hash
    /** Returns the hash of a text: the hash of its UTF-8 bytes. */
    public static long keyHash(String key) {
        return keyHash(key.getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the hash of bytes; compare two hashes with Long.compareUnsigned, never with {@code <}. */
    public static long keyHash(byte[] key) {
        try {
            return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(key)).getLong();
        } catch (NoSuchAlgorithmException impossible) { // every Java platform must offer SHA-256
            throw new AssertionError(impossible);
        }
    }
    // --- end

    /** Reads keys as hexadecimal bytes, one a line, and prints the hash of each; the vectors run through here. */
    public static void main(String[] arguments) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(HexFormat.of().toHexDigits(keyHash(HexFormat.of().parseHex(line.strip()))));
        }
    }
}
