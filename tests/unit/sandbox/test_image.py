from polyvisor.sandbox import image


def test_the_boot_sector_is_one_the_bios_takes() -> None:
    sector = image.boot_sector()
    assert len(sector) == 512
    assert sector.endswith(b"\x55\xaa")
    assert image.GREETING in sector
