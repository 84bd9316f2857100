package dev.mlops.nas.api;

/**
 * CEL rules that more than one field has. Bounds that are not whole numbers are rules too: the API server cuts the fraction off a
 * schema's minimum and maximum when the value is written as a whole number, and so takes 0 where 0.01 is the least.
 */
final class Rules {
    static final String FIXED = "self == oldSelf";
    static final String FIXED_MESSAGE = "cannot be changed once the experiment exists; create a new one";

    static final String UNIQUE = "self.all(a, self.exists_one(b, a == b))";
    static final String UNIQUE_MESSAGE = "holds a value twice; list every choice once";

    static final String DATA_URI = "!self.startsWith('/') && (!self.contains('://') || self.startsWith('file:///')"
            + " || self.matches('^pvc://[a-z0-9][-a-z0-9.]*/.+'))";
    static final String DATA_URI_MESSAGE =
            "must be a path relative to this file, file:///ABSOLUTE/PATH or pvc://CLAIM/PATH";

    static final String DATA_ADDRESS = DATA_URI + " || self.matches('^(https?|s3)://[^/]+/.+')";
    static final String DATA_ADDRESS_MESSAGE =
            "must be a path relative to this file, file:///ABSOLUTE/PATH, pvc://CLAIM/PATH, https://HOST/PATH or s3://BUCKET/KEY";

    static final String GENERATOR =
            "!self.startsWith('generator:') || self.matches('^generator:(friedman|mnist-1d|recall|sales|strokes|waveform)"
                    + "([?](examples=[1-9][0-9]{1,5}|seed=[0-9]{1,6}|examples=[1-9][0-9]{1,5}&seed=[0-9]{1,6}))?$')";
    static final String GENERATOR_MESSAGE =
            "must be generator:NAME with NAME one of friedman, mnist-1d, recall, sales, strokes, waveform, or"
                    + " generator:NAME?examples=5000&seed=0 with 10 to 999999 examples and a seed up to 999999";

    /** What trials measure only where a limit or trade-off names one of them. */
    static final String EXPORTED = "['exportedLatencyMs', 'exportedBatchLatencyMs']";

    static final String PART = "self >= 0.01 && self <= 0.98";
    static final String PART_MESSAGE = "must be from 0.01 to 0.98";

    private Rules() {}
}
