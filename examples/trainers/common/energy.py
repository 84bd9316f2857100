"""The energy of the parts of a machine that compute, as far as it tells: processors and memory by RAPL, a GPU by NVML; never a guess."""

import ctypes
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
DRIVER = "libnvidia-ml.so.1"


class Unknown(Exception):
    """The machine does not tell; the message says why."""


class Rapl:
    """Packages and memory as Linux shows them; what lies within (cores) or around (psys) is counted with them or not at all. Counters
    begin at 0 again, after some 40 minutes at 100 W, and must be read more often."""

    what = "processors and memory by RAPL"

    def __init__(self, folder=POWERCAP):
        try:
            named = [(zone, (zone / "name").read_text().strip()) for zone in sorted(folder.glob("intel-rapl:*"))]
            self.zones = [zone for zone, name in named if name.startswith("package-") or name == "dram"]
            self.ranges = [int((zone / "max_energy_range_uj").read_text()) for zone in self.zones]
        except (OSError, ValueError) as error:
            raise Unknown(f"{folder} cannot be read: {error}") from error
        if not self.zones:
            raise Unknown(f"{folder} has no zone of a processor")
        self.last, self.used = self.counters(), 0

    def counters(self):
        try:
            return [int((zone / "energy_uj").read_text()) for zone in self.zones]
        except (OSError, ValueError) as error:
            raise Unknown(str(error)) from error

    def joules(self):
        """Since it was made."""
        now = self.counters()
        for before, after, most in zip(self.last, now, self.ranges):
            self.used += after - before + (most if after < before else 0)
        self.last = now
        return self.used / 1e6


class Gpu:
    """One GPU by the counter of NVIDIA's driver (Volta and newer): all that it does, not this process alone."""

    def __init__(self, uuid, name, library=None):
        self.what = f"{name} by NVML"
        try:
            self.library = library or ctypes.CDLL(DRIVER)
        except OSError as error:
            raise Unknown(f"there is no {DRIVER}") from error
        self.handle = ctypes.c_void_p()
        self.call("nvmlInit_v2")
        self.call("nvmlDeviceGetHandleByUUID", uuid.encode(), ctypes.byref(self.handle))
        self.start = self.counter()

    def call(self, function, *arguments):
        status = getattr(self.library, function)(*arguments)
        if status:
            raise Unknown(f"{function} ends with {status}")

    def counter(self):
        millijoules = ctypes.c_ulonglong()
        self.call("nvmlDeviceGetTotalEnergyConsumption", self.handle, ctypes.byref(millijoules))
        return millijoules.value

    def joules(self):
        """Since it was made."""
        return (self.counter() - self.start) / 1e3


class Energy:
    """What the parts use from now on; each is a function that makes its meter, or raises Unknown."""

    def __init__(self, **parts):
        self.meters, self.missing, self.used = [], [], {}
        for name, make in parts.items():
            try:
                self.meters.append(make())
            except Unknown as error:
                self.missing.append(f"{name} ({error})")
        self.read()

    def read(self):
        for meter in list(self.meters):
            try:
                self.used[meter] = meter.joules()
            except Unknown as error:
                self.meters.remove(meter)
                self.missing.append(f"{meter.what} ({error})")

    def joules(self):
        """Up to the last reading; None where nothing tells."""
        return sum(self.used[meter] for meter in self.meters) if self.meters else None

    def told(self):
        """What the joules are of, and what is left out for which reason."""
        if not self.meters:
            return "not available: " + ", ".join(self.missing)
        counted = ", ".join(meter.what for meter in self.meters)
        return f"{counted}; without {', '.join(self.missing)}" if self.missing else counted
