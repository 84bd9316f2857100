package dev.mlops.nas.trainer;

import dev.mlops.nas.contract.TrialFile.DatasetRef;
import dev.mlops.nas.trainer.Network.Shape;
import dev.mlops.nas.trainer.Targets.Labels;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.zip.ZipException;

/** Loads a data set of the contract and checks it. */
final class DataLoader {
    private DataLoader() {}

    /**
     * Reads, verifies and checks a data set.
     *
     * @param folder where relative addresses start
     * @throws TrialException with exit code 65 and one sentence naming file and row for everything that is wrong
     */
    static Examples load(DatasetRef dataset, Path folder) {
        if (Generator.isNamedBy(dataset.uri())) {
            return checked(Generator.load(dataset));
        }
        var shape = Shape.of(dataset.shape());
        boolean folderOfImages = dataset.format().equals("images");
        if (folderOfImages && dataset.sha256() != null) {
            throw TrialException.data("dataset.sha256 is of one file; format images reads a folder.");
        }
        var file = folderOfImages ? DataFile.folder(dataset.uri(), folder) : file(dataset, folder);
        var current = file;
        try {
            return checked(
                    switch (dataset.format()) {
                        case "images" -> ImageFolderReader.read(file.path(), shape, dataset.classes());
                        case "npz" -> NpyReader.read(file, dataset);
                        case "csv" -> CsvReader.read(file, dataset);
                        case "parquet" -> ParquetReader.read(file, dataset);
                        default -> {
                            boolean npy = dataset.format().equals("npy");
                            var labelFile = labels(dataset, folder);
                            var features = npy ? NpyReader.images(file, shape) : IdxReader.images(file, shape);
                            current = labelFile;
                            int count = features.length / shape.size();
                            var targets = npy
                                    ? NpyReader.targets(labelFile, dataset, count)
                                    : IdxReader.targets(labelFile, dataset, count, file.name());
                            yield new Examples(
                                    file.name(), shape, features, targets, Categories.of(dataset.categorical()));
                        }
                    });
        } catch (EOFException | ZipException e) {
            throw TrialException.data("Data file %s is truncated or damaged.", current.name());
        } catch (CharacterCodingException e) {
            throw TrialException.data("Data file %s is not a text file.", current.name());
        } catch (IOException e) {
            throw TrialException.data(
                    "Data file %s cannot be read: %s.", current.name(), String.valueOf(e.getMessage()));
        }
    }

    private static DataFile file(DatasetRef dataset, Path folder) {
        if (Download.isAddress(dataset.uri())) {
            try {
                return Download.fetch(dataset.uri(), dataset.sha256(), Download.cache());
            } catch (IOException e) {
                throw TrialException.terminated(
                        "The cache of data files, %s, cannot be used: %s.", Download.cache(), e);
            }
        }
        var file = DataFile.of(dataset.uri(), folder);
        file.verify(dataset.sha256());
        return file;
    }

    private static DataFile labels(DatasetRef dataset, Path folder) {
        if (dataset.labels() == null || dataset.labels().isBlank()) {
            throw TrialException.data(
                    "dataset.labels is missing; format %s needs the address of the label file.", dataset.format());
        }
        return DataFile.of(dataset.labels(), folder);
    }

    private static Examples checked(Examples examples) {
        if (examples.count() == 0) {
            throw TrialException.data("Data file %s has no examples.", examples.source());
        }
        examples.categories().check(examples.features(), examples.shape().size(), examples.source());
        if (examples.targets() instanceof Labels labels) {
            refuseMissingClasses(examples.source(), labels);
        }
        return examples;
    }

    private static void refuseMissingClasses(String source, Labels labels) {
        var present = new BitSet();
        for (int i = 0; i < labels.count(); i++) {
            int label = labels.of()[i];
            if (label < 0 || label >= labels.classes()) {
                throw TrialException.data(
                        "Data file %s, example %d: label %d is out of range; allowed: 0 to %d (dataset.classes is %d).",
                        source, i + 1, label, labels.classes() - 1, labels.classes());
            }
            present.set(label);
        }
        if (present.cardinality() < labels.classes()) {
            throw TrialException.data(
                    "Data file %s has examples of %d classes, but dataset.classes is %d: class %d never occurs.",
                    source, present.cardinality(), labels.classes(), present.nextClearBit(0));
        }
    }
}
