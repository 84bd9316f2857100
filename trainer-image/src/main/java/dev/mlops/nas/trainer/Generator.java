package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.trainer.Network.Shape;
import java.util.SplittableRandom;
import java.util.regex.Pattern;

/**
 * A procedure that makes a data set, so that nothing needs to be downloaded. Its address is {@code generator:NAME}, with
 * {@code ?examples=5000&seed=0} where other numbers are wanted; the same address gives the same examples on every machine, the classes
 * equally often.
 */
sealed interface Generator permits Mnist1d, Recall, Waveform {
    Shape shape();

    int classes();

    /** Writes one example, position by position, each with all its channels. */
    void generate(int label, SplittableRandom random, float[] example);

    /** Whether an address names a generator rather than a file. */
    static boolean isNamedBy(String uri) {
        return uri.startsWith(Address.SCHEME);
    }

    /**
     * The examples of an address.
     *
     * @throws TrialException with exit code 65 when there is no such generator, or shape and classes are not its own
     */
    static Examples load(DatasetRef dataset) {
        var address = Address.of(dataset.uri());
        var generator = address.generator();
        if (!Shape.of(dataset.shape()).equals(generator.shape()) || dataset.classes() != generator.classes()) {
            throw TrialException.data(
                    "dataset.uri %s makes examples of shape %s with %d classes, but dataset.shape is %s and dataset.classes is %d.",
                    dataset.uri(), generator.shape(), generator.classes(), dataset.shape(), dataset.classes());
        }
        int size = generator.shape().size();
        var random = new SplittableRandom(address.seed);
        var features = new float[Math.multiplyExact(address.examples, size)];
        var labels = new int[address.examples];
        var example = new float[size];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % generator.classes();
            generator.generate(labels[i], random, example);
            System.arraycopy(example, 0, features, i * size, size);
        }
        return new Examples(dataset.uri(), generator.shape(), generator.classes(), features, labels);
    }

    /** What stands in {@code dataset.uri}. */
    record Address(String name, int examples, int seed) {
        private static final String SCHEME = "generator:";
        private static final int EXAMPLES = 5_000;
        private static final Pattern FORM = Pattern.compile(SCHEME
                + "(?<name>[a-z0-9-]+)([?]examples=(?<examples>[1-9][0-9]{1,5}))?([?&]seed=(?<seed>[0-9]{1,6}))?");

        private static Address of(String uri) {
            var match = FORM.matcher(uri);
            if (!match.matches()) {
                throw TrialException.data(
                        "dataset.uri %s is not an address of a generator; allowed: generator:NAME, or"
                                + " generator:NAME?examples=5000&seed=0 with other numbers.",
                        uri);
            }
            var examples = match.group("examples");
            var seed = match.group("seed");
            return new Address(
                    match.group("name"),
                    examples == null ? EXAMPLES : Integer.parseInt(examples),
                    seed == null ? 0 : Integer.parseInt(seed));
        }

        private Generator generator() {
            return switch (name) {
                case "mnist-1d" -> new Mnist1d();
                case "recall" -> new Recall();
                case "waveform" -> new Waveform();
                default ->
                    throw TrialException.data(
                            "dataset.uri names the generator %s; allowed: mnist-1d, recall, waveform.", name);
            };
        }
    }
}
