/** The command line {@code nas}: one class per sub-command, each a thin front of the package that does the work. */
@NullMarked
package dev.mlops.nas.cli;

import org.jspecify.annotations.NullMarked;
