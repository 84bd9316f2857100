package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.Categorical;
import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import dev.mlops.nas.trainer.Targets.Numbers;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;

/**
 * A procedure that makes a data set, so that nothing needs to be downloaded. Its address is {@code generator:NAME}, with
 * {@code ?examples=5000&seed=0} where other numbers are wanted; the same address gives the same examples on every machine, the classes
 * equally often.
 */
sealed interface Generator {
    Shape shape();

    /** Columns that hold categories; a data set that leaves them out has numbers there. */
    default List<Categorical> categorical() {
        return List.of();
    }

    /** One of examples with labels. */
    sealed interface OfClasses extends Generator permits Mnist1d, Recall, Strokes, Waveform {
        int classes();

        /** Writes one example, position by position, each with all its channels. */
        void generate(int label, SplittableRandom random, float[] example);
    }

    /** One of examples with a number each. */
    sealed interface OfNumbers extends Generator permits Friedman, Sales {
        /** Writes one example and returns its number. */
        double generate(SplittableRandom random, float[] example);
    }

    /** Whether an address names a generator rather than a file. */
    static boolean isNamedBy(String uri) {
        return uri.startsWith(Address.SCHEME);
    }

    /**
     * The examples of a data set.
     *
     * @throws TrialException with exit code 65 when there is no such generator, or shape, classes, targets or categories are not its own
     */
    static Examples load(DatasetRef dataset) {
        var address = Address.of(dataset.uri());
        var generator = address.generator();
        refuseOther(generator, dataset);
        refuseOtherCategories(generator, dataset);
        return generator.examples(address, Categories.of(dataset.categorical()));
    }

    /**
     * The examples of an address, as the generator has them.
     *
     * @throws TrialException with exit code 65 when there is no such generator
     */
    static Examples load(String uri) {
        var address = Address.of(uri);
        var generator = address.generator();
        return generator.examples(address, Categories.of(generator.categorical()));
    }

    private Examples examples(Address address, Categories categories) {
        var random = new SplittableRandom(address.seed);
        int size = shape().size();
        var features = new float[Math.multiplyExact(address.examples, size)];
        var example = new float[size];
        var targets = targets(this, address.examples);
        for (int i = 0; i < address.examples; i++) {
            switch (this) {
                case OfClasses g -> g.generate(targets.stratum(i), random, example);
                case OfNumbers g -> ((Numbers) targets).values()[i] = (float) g.generate(random, example);
            }
            System.arraycopy(example, 0, features, i * size, size);
        }
        return new Examples(address.uri, shape(), features, targets, categories);
    }

    private static void refuseOther(Generator generator, DatasetRef dataset) {
        String own = switch (generator) {
            case OfClasses g -> "%d classes".formatted(g.classes());
            case OfNumbers _ -> "1 target";
        };
        boolean fits = switch (generator) {
            case OfClasses g -> dataset.targets() == null && dataset.classes() == g.classes();
            case OfNumbers _ -> Integer.valueOf(1).equals(dataset.targets());
        };
        if (!fits || !Shape.of(dataset.shape()).equals(generator.shape())) {
            throw TrialException.data(
                    "dataset.uri %s makes examples of shape %s with %s, but dataset.shape is %s and dataset.%s.",
                    dataset.uri(),
                    generator.shape(),
                    own,
                    dataset.shape(),
                    dataset.targets() == null ? "classes is " + dataset.classes() : "targets is " + dataset.targets());
        }
    }

    private static void refuseOtherCategories(Generator generator, DatasetRef dataset) {
        if (dataset.categorical() != null && !dataset.categorical().equals(generator.categorical())) {
            throw TrialException.data(
                    "dataset.uri %s has the categorical columns %s, but dataset.categorical is %s.",
                    dataset.uri(), generator.categorical(), dataset.categorical());
        }
    }

    private static Targets targets(Generator generator, int examples) {
        return switch (generator) {
            case OfClasses g -> {
                var labels = new int[examples];
                Arrays.setAll(labels, i -> i % g.classes());
                yield new Labels(g.classes(), labels);
            }
            case OfNumbers _ -> new Numbers(1, new float[examples]);
        };
    }

    /** What stands in {@code dataset.uri}. */
    record Address(String uri, String name, int examples, int seed) {
        private static final String SCHEME = "generator:";
        private static final int EXAMPLES = 5_000;
        private static final Pattern FORM = Pattern.compile(SCHEME
                + "(?<name>[a-z0-9-]+)([?]examples=(?<examples>[1-9][0-9]{1,5}))?([?&]seed=(?<seed>[0-9]{1,6}))?");

        private static Address of(String uri) {
            var match = FORM.matcher(uri);
            if (!match.matches()) {
                throw TrialException.data(
                        "dataset.uri %s is not an address of a generator; allowed: generator:NAME, or"
                                + " generator:NAME?examples=5000&seed=0 with 10 to 999999 examples and a seed up to 999999.",
                        uri);
            }
            var examples = match.group("examples");
            var seed = match.group("seed");
            return new Address(
                    uri,
                    match.group("name"),
                    examples == null ? EXAMPLES : Integer.parseInt(examples),
                    seed == null ? 0 : Integer.parseInt(seed));
        }

        private Generator generator() {
            return switch (name) {
                case "mnist-1d" -> new Mnist1d();
                case "recall" -> new Recall();
                case "strokes" -> new Strokes();
                case "waveform" -> new Waveform();
                case "friedman" -> new Friedman();
                case "sales" -> new Sales();
                default ->
                    throw TrialException.data(
                            "dataset.uri names the generator %s; allowed: friedman, mnist-1d, recall, sales, strokes, waveform.",
                            name);
            };
        }
    }
}
