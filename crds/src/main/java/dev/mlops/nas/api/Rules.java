package dev.mlops.nas.api;

/** CEL rules that more than one field has. */
final class Rules {
    static final String FIXED = "self == oldSelf";
    static final String FIXED_MESSAGE = "cannot be changed once the experiment exists; create a new one";

    static final String UNIQUE = "self.all(a, self.exists_one(b, a == b))";
    static final String UNIQUE_MESSAGE = "holds a value twice; list every choice once";

    static final String DATA_URI = "!self.startsWith('/') && (!self.contains('://') || self.startsWith('file:///')"
            + " || self.matches('^pvc://[a-z0-9][-a-z0-9.]*/.+'))";
    static final String DATA_URI_MESSAGE =
            "must be a path relative to this file, file:///ABSOLUTE/PATH or pvc://CLAIM/PATH";

    private Rules() {}
}
