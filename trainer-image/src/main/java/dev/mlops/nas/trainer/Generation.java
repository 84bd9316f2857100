package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.ExitCode;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A process that writes what a generator makes as a table, for trainers that read files only. */
public final class Generation {
    /**
     * Prints a line for each example as format csv has it, the label or number last. Numbers are written so that they are read as the
     * very same.
     *
     * @param arguments the address of a generator
     */
    public static void main(String[] arguments) {
        if (arguments.length != 1) {
            System.err.printf("usage: java … %s generator:NAME%n", Generation.class.getName());
            System.exit(ExitCode.DATA.code());
        }
        var out = new PrintStream(new BufferedOutputStream(System.out), false, StandardCharsets.US_ASCII);
        try {
            print(arguments[0], out);
            out.flush();
        } catch (TrialException e) {
            System.err.println(e.getMessage());
            System.exit(e.code().code());
        }
    }

    static void print(String uri, PrintStream out) {
        var examples = Generator.load(uri);
        for (int i = 0; i < examples.count(); i++) {
            values(examples, i, out);
            switch (examples.targets()) {
                case Labels labels -> out.println(labels.of()[i]);
                case Numbers numbers -> out.println(numbers.values()[i]);
            }
        }
    }

    /** Channel by channel; in memory they are side by side. */
    private static void values(Examples examples, int example, PrintStream out) {
        int channels = examples.shape().channels();
        int size = examples.shape().size();
        for (int channel = 0; channel < channels; channel++) {
            for (int at = channel; at < size; at += channels) {
                out.print(examples.features()[example * size + at]);
                out.print(',');
            }
        }
    }

    private Generation() {}
}
