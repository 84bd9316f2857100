"""Held against folders as Linux shows them and a driver that is made up: python3 -m unittest, in this folder."""

import ctypes
import tempfile
import unittest
from pathlib import Path

from energy import Energy, Gpu, Rapl, Unknown

UUID = "GPU-8c5f"


class Driver:
    """Functions with the platform's calling convention, as NVIDIA's header declares them."""

    def __init__(self):
        self.millijoules, self.status = 5_000_000_000_000, 0
        self.nvmlInit_v2 = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 0)
        self.nvmlDeviceGetHandleByUUID = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p))(self.find)
        self.nvmlDeviceGetTotalEnergyConsumption = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_ulonglong))(self.energy)

    def find(self, uuid, handle):
        handle[0] = 0x1000
        return 0 if uuid == UUID.encode() else 6

    def energy(self, handle, energy):
        energy[0] = self.millijoules
        return self.status if handle == 0x1000 else 2


class EnergyTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def zone(self, zone, name, microjoules):
        (self.folder / zone).mkdir(exist_ok=True)
        (self.folder / zone / "name").write_text(name + "\n")
        (self.folder / zone / "max_energy_range_uj").write_text("10000000\n")
        (self.folder / zone / "energy_uj").write_text(f"{microjoules}\n")

    def zones(self, package, core, dram, psys):
        for zone, name, count in (("intel-rapl:0", "package-0", package), ("intel-rapl:0:0", "core", core),
                                  ("intel-rapl:0:1", "dram", dram), ("intel-rapl:1", "psys", psys)):
            self.zone(zone, name, count)

    def test_packages_and_memory_count_and_a_counter_that_begins_again_loses_nothing(self):
        self.zones(1_000_000, 0, 9_500_000, 0)
        rapl = Rapl(self.folder)
        self.zones(3_000_000, 7_000_000, 500_000, 8_000_000)
        self.assertEqual(rapl.joules(), 2 + 1)
        self.zones(4_000_000, 7_000_000, 500_000, 8_000_000)
        self.assertEqual(rapl.joules(), 4)

    def test_the_energy_of_a_gpu_is_what_its_counter_grew_by(self):
        driver = Driver()
        gpu = Gpu(UUID, "Tesla T4", driver)
        driver.millijoules += 2_500
        self.assertEqual(gpu.joules(), 2.5)
        with self.assertRaisesRegex(Unknown, "nvmlDeviceGetHandleByUUID ends with 6"):
            Gpu("GPU-another", "Tesla T4", driver)

    def test_both_add_up_and_are_named(self):
        self.zones(0, 0, 0, 0)
        driver = Driver()
        energy = Energy(processors=lambda: Rapl(self.folder), gpu=lambda: Gpu(UUID, "Tesla T4", driver))
        self.zones(3_000_000, 0, 0, 0)
        driver.millijoules += 40_000
        energy.read()
        self.assertEqual(energy.joules(), 43)
        self.assertEqual(energy.told(), "processors and memory by RAPL, Tesla T4 by NVML")

    def test_what_does_not_tell_is_left_out_and_said(self):
        self.zones(0, 0, 0, 0)
        driver = Driver()
        energy = Energy(processors=lambda: Rapl(self.folder), gpu=lambda: Gpu(UUID, "Tesla T4", driver))
        self.zones(1_000_000, 0, 0, 0)
        driver.status = 3
        energy.read()
        self.assertEqual(energy.joules(), 1)
        self.assertEqual(energy.told(), "processors and memory by RAPL; without Tesla T4 by NVML"
                                        " (nvmlDeviceGetTotalEnergyConsumption ends with 3)")
        (self.folder / "intel-rapl:0" / "energy_uj").write_text("")
        energy.read()
        self.assertIsNone(energy.joules())
        self.assertTrue(energy.told().startswith("not available: Tesla T4 by NVML ("))

    def test_a_machine_that_does_not_tell_is_not_guessed_for(self):
        energy = Energy(processors=lambda: Rapl(self.folder))
        self.assertIsNone(energy.joules())
        self.assertEqual(energy.told(), f"not available: processors ({self.folder} has no zone of a processor)")


if __name__ == "__main__":
    unittest.main()
