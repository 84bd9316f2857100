package dev.mlops.nas.trainer;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Loads the native libraries once, which unpacks them into the user's cache; for building images. */
public final class Warmup {
    private Warmup() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) {
        System.out.println(Nd4j.zeros(DataType.FLOAT, 1).length() + " value: the native libraries are in place");
    }
}
