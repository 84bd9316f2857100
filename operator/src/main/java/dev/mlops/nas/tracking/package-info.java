/** Where experiments and trials are logged; shared by operator and local mode. */
@NullMarked
package dev.mlops.nas.tracking;

import org.jspecify.annotations.NullMarked;
