"""The eight kinds of file, as data: their columns, what goes by which name, and what makes a row the same row again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal[
    "text", "nik", "date", "sex", "village", "area", "office", "count", "choice", "digits", "moment", "decimal"
]


@dataclass(frozen=True, slots=True)
class Column:
    """``required``: a row without it can neither be stored nor placed. ``head_required``: the file must have the column.

    ``most``: the largest count that can be meant.
    """

    name: str
    type: Type = "text"
    required: bool = False
    head_required: bool = False
    length_max: int = 200
    most: int | None = None
    choices: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """``key``: the columns that make a row the same row again. ``place``: the column whose area places the row."""

    name: str
    table: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    place: str

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


STATUSES = (
    "UNREGISTERED", "BIO_CAPTURED", "PROCESSING", "SENT_FOR_ENROLLMENT", "RECEIVED_AT_CENTRAL",
    "ENROLL_FAILURE_AT_CENTRAL", "ENROLL_FAILURE_AT_REGIONAL", "SEARCH_FAILURE_AT_CENTRAL", "ADJUDICATE_RECORD",
    "DUPLICATE_RECORD", "PRINT_READY_RECORD", "SENT_FOR_CARD_PRINTING", "CARD_PRINTED", "CARD_SHIPPED", "CARD_ISSUED",
    "DECEASED",
)  # fmt: skip
MARITAL = ("BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI")
CAUSES = ("first_card", "turned_17", "marriage", "divorce", "move", "loss", "damage", "change_of_element")
COUNT_KINDS = ("observed", "estimated", "modelled", "synthetic")
BIOMETRIC_RESULTS = ("unique", "duplicate", "uncertain", "failed")
PRINTER_STATES = ("working", "failed", "retired")
HOURS_A_WEEK = 168

REGISTRATIONS = Kind(
    name="registrations",
    table="intake_registration",
    key=("recorded_office", "record_id"),
    place="village_code",
    columns=(
        Column("recorded_office", "office", required=True, head_required=True, others=("kantor", "kantor_perekaman", "kode_kantor", "office")),
        Column("record_id", required=True, head_required=True, length_max=64, others=("id_rekaman", "nomor_rekaman", "no_rekam", "id_rekam")),
        Column("nik", "nik", head_required=True, others=("no_nik", "nomor_nik", "nomor_induk_kependudukan", "no_ktp")),
        Column("name", head_required=True, others=("nama", "nama_lengkap", "full_name")),
        Column("birth_place", others=("tempat_lahir", "tmp_lahir", "place_of_birth")),
        Column("birth_date", "date", head_required=True, others=("tanggal_lahir", "tgl_lahir", "tgl_lhr", "date_of_birth", "dob")),
        Column("sex", "sex", head_required=True, others=("jenis_kelamin", "jk", "kelamin", "gender", "l_p")),
        Column("mother_name", others=("nama_ibu", "ibu_kandung", "nama_ibu_kandung", "nama_lgkp_ibu")),
        Column("address", length_max=400, others=("alamat", "alamat_lengkap")),
        Column("village_code", "village", required=True, head_required=True, others=("kode_desa", "kode_kelurahan", "kode_desa_kelurahan", "kode_wilayah", "desa", "kelurahan")),
        Column("recorded_on", "date", others=("tanggal_rekam", "tgl_rekam", "tanggal_perekaman", "tgl_perekaman")),
        Column("marital_status", "choice", choices=MARITAL, others=("status_kawin", "status_perkawinan", "stat_kwn")),
        Column("status", "choice", choices=STATUSES, others=("status_rekaman", "status_ktp", "status_siak")),
        Column("status_since", "date", others=("tanggal_status", "tgl_status", "status_sejak")),
        Column("card_issued_on", "date", others=("tanggal_terbit_ktp", "tgl_terbit_ktp", "tanggal_penyerahan", "ktp_terbit")),
        Column("suket_no", length_max=64, others=("nomor_suket", "no_suket")),
        Column("family_card_no", "digits", length_max=16, others=("no_kk", "nomor_kk", "nomor_kartu_keluarga")),
    ),
)  # fmt: skip

APPLICATIONS = Kind(
    name="applications",
    table="intake_application",
    key=("office", "document_no"),
    place="office",
    columns=(
        Column("office", "office", required=True, head_required=True, others=("kantor", "kode_kantor")),
        Column("document_no", required=True, head_required=True, length_max=64, others=("nomor_dokumen", "no_dokumen", "nomor_surat")),
        Column("nik", "nik", required=True, head_required=True, others=("no_nik", "nomor_induk_kependudukan")),
        Column("cause", "choice", required=True, head_required=True, choices=CAUSES, others=("sebab", "alasan", "jenis_permohonan")),
        Column("event_date", "date", head_required=True, others=("tanggal_peristiwa", "tgl_peristiwa")),
        Column("applied_on", "date", required=True, head_required=True, others=("tanggal_permohonan", "tgl_permohonan")),
    ),
)  # fmt: skip

DEATHS = Kind(
    name="deaths",
    table="intake_death",
    key=("office", "document_no"),
    place="office",
    columns=(
        Column("office", "office", required=True, head_required=True, others=("kantor", "kode_kantor")),
        Column("document_no", required=True, head_required=True, length_max=64, others=("nomor_akta", "no_akta", "nomor_akta_kematian", "nomor_dokumen")),
        Column("nik", "nik", head_required=True, others=("no_nik", "nomor_induk_kependudukan")),
        Column("record_id", length_max=64, others=("id_rekaman", "nomor_rekaman")),
        Column("recorded_office", "office", others=("kantor_perekaman",)),
        Column("died_on", "date", required=True, head_required=True, others=("tanggal_meninggal", "tgl_meninggal", "tanggal_kematian")),
        Column("reported_on", "date", others=("tanggal_lapor", "tgl_lapor")),
        Column("name", others=("nama", "nama_lengkap", "nama_almarhum", "full_name")),
        Column("birth_place", others=("tempat_lahir", "tmp_lahir", "place_of_birth")),
        Column("birth_date", "date", others=("tanggal_lahir", "tgl_lahir", "tgl_lhr", "date_of_birth", "dob")),
        Column("sex", "sex", others=("jenis_kelamin", "jk", "kelamin", "gender", "l_p")),
        Column("mother_name", others=("nama_ibu", "ibu_kandung", "nama_ibu_kandung", "nama_lgkp_ibu")),
        Column("address", length_max=400, others=("alamat", "alamat_lengkap")),
        Column("village_code", "village", others=("kode_desa", "kode_kelurahan", "kode_desa_kelurahan", "kode_wilayah")),
    ),
)  # fmt: skip

STOCK = Kind(
    name="stock",
    table="intake_stock_count",
    key=("office", "counted_on"),
    place="office",
    columns=(
        Column("office", "office", required=True, head_required=True, others=("kantor", "kode_kantor")),
        Column("counted_on", "date", required=True, head_required=True, others=("tanggal_hitung", "tgl_hitung", "tanggal_opname")),
        Column("good", "count", required=True, head_required=True, others=("baik", "blanko_baik", "jumlah_baik")),
        Column("spoiled", "count", required=True, head_required=True, others=("rusak", "blanko_rusak", "jumlah_rusak")),
    ),
)  # fmt: skip

COUNTS = Kind(
    name="counts",
    table="intake_count",
    key=("area", "metric", "date", "source", "kind"),
    place="area",
    columns=(
        Column("area", "area", required=True, head_required=True, others=("wilayah", "kode_wilayah", "area_code")),
        Column("metric", required=True, head_required=True, length_max=64, others=("ukuran", "indikator")),
        Column("value", "count", required=True, head_required=True, others=("nilai", "jumlah")),
        Column("date", "date", required=True, head_required=True, others=("tanggal", "per_tanggal")),
        Column("denominator", "count", others=("penyebut", "dasar")),
        Column("source", required=True, head_required=True, length_max=1000, others=("sumber", "source_url")),
        Column("kind", "choice", required=True, head_required=True, choices=COUNT_KINDS, others=("jenis", "sifat")),
        Column("known_on", "date", required=True, head_required=True, others=("diketahui", "tanggal_terbit", "diketahui_pada")),
    ),
)  # fmt: skip

PRINTERS = Kind(
    name="printers",
    table="intake_printer_state",
    key=("printer", "since"),
    place="office",
    columns=(
        Column("office", "office", required=True, head_required=True, others=("kantor", "kode_kantor")),
        Column("printer", required=True, head_required=True, length_max=64, others=("pencetak", "nomor_seri", "no_seri", "printer_ktp", "serial_no")),
        Column("state", "choice", required=True, head_required=True, choices=PRINTER_STATES, others=("keadaan", "kondisi", "status_printer")),
        Column("since", "date", required=True, head_required=True, others=("sejak", "sejak_tanggal", "tanggal_kondisi")),
        Column("cards_an_hour", "count", most=2_000, others=("kartu_per_jam", "kecepatan")),
        Column("note", length_max=400, others=("catatan", "keterangan")),
    ),
)  # fmt: skip

# What the engine of fingerprints and irises decided: it alone says that a record is unique.
BIOMETRICS = Kind(
    name="biometrics",
    table="intake_biometric",
    key=("recorded_office", "record_id", "decided_at"),
    place="recorded_office",
    columns=(
        Column("recorded_office", "office", required=True, head_required=True, others=("kantor", "kantor_perekaman", "kode_kantor")),
        Column("record_id", required=True, head_required=True, length_max=64, others=("id_rekaman", "nomor_rekaman")),
        Column("result", "choice", required=True, head_required=True, choices=BIOMETRIC_RESULTS, others=("hasil",)),
        Column("candidate_ids", length_max=4_000, others=("kandidat", "id_kandidat")),
        Column("score", "decimal", length_max=24, others=("skor", "nilai_kemiripan")),
        Column("engine", required=True, head_required=True, length_max=100, others=("mesin",)),
        Column("decided_at", "moment", required=True, head_required=True, length_max=40, others=("waktu_keputusan", "diputuskan")),
    ),
)  # fmt: skip

PRINTING = Kind(
    name="printing",
    table="intake_printing_report",
    key=("office", "reported_on"),
    place="office",
    columns=(
        Column("office", "office", required=True, head_required=True, others=("kantor", "kode_kantor")),
        Column("reported_on", "date", required=True, head_required=True, others=("tanggal_laporan", "tgl_laporan", "dilaporkan")),
        Column("ribbon_cards", "count", head_required=True, others=("pita", "ribbon", "pita_cukup_kartu", "stok_pita")),
        Column("ink_cards", "count", others=("tinta", "film", "tinta_cukup_kartu", "stok_tinta")),
        Column("operators", "count", most=10_000, others=("petugas", "jumlah_operator", "operator")),
        Column("operator_hours", "count", most=10_000 * HOURS_A_WEEK, others=("jam_operator", "jam_petugas", "jam_operator_per_minggu")),
        Column("print_hours", "count", most=HOURS_A_WEEK, others=("jam_cetak", "jam_cetak_per_minggu")),
    ),
)  # fmt: skip

# Kinds whose rows change who is a person here or who is owed a card.
MOVE_CLAIMS = frozenset({"registrations", "applications", "deaths", "biometrics"})

KINDS = {
    kind.name: kind for kind in (REGISTRATIONS, APPLICATIONS, DEATHS, STOCK, COUNTS, PRINTERS, PRINTING, BIOMETRICS)
}

# Words that files use for a choice, folded; what is not here must be the choice itself.
CHOICE_WORDS: dict[str, dict[str, str]] = {
    "sex": {
        "l": "L", "p": "P", "lakilaki": "L", "perempuan": "P", "laki": "L", "pria": "L", "wanita": "P",
        "m": "L", "f": "P", "male": "L", "female": "P",
    },
    "marital_status": {
        "belumkawin": "BELUM KAWIN", "kawin": "KAWIN", "ceraihidup": "CERAI HIDUP", "ceraimati": "CERAI MATI",
        "single": "BELUM KAWIN", "married": "KAWIN", "divorced": "CERAI HIDUP", "widowed": "CERAI MATI",
        "kawintercatat": "KAWIN", "kawintidaktercatat": "KAWIN",
    },
    "cause": {
        "firstcard": "first_card", "ktpbaru": "first_card", "baru": "first_card", "perekamanbaru": "first_card",
        "17": "turned_17", "turned17": "turned_17", "usia17": "turned_17", "berusia17": "turned_17",
        "marriage": "marriage", "kawin": "marriage", "perkawinan": "marriage", "divorce": "divorce", "cerai": "divorce",
        "perceraian": "divorce", "move": "move", "pindah": "move", "pindahdatang": "move", "loss": "loss", "hilang": "loss",
        "damage": "damage", "rusak": "damage", "changeofelement": "change_of_element", "ubahelemen": "change_of_element",
        "perubahanelemen": "change_of_element", "change": "change_of_element",
    },
    "status": {
        "siapcetak": "PRINT_READY_RECORD", "prr": "PRINT_READY_RECORD", "sfe": "SENT_FOR_ENROLLMENT",
        "rekamganda": "DUPLICATE_RECORD", "meninggal": "DECEASED", "duplicaterecord": "DUPLICATE_RECORD",
    },
    "state": {
        "baik": "working", "berfungsi": "working", "works": "working", "rusak": "failed", "mati": "failed",
        "broken": "failed", "dihapus": "retired", "ditarik": "retired", "afkir": "retired",
    },
    "kind": {"teramati": "observed", "perkiraan": "estimated", "taksiran": "estimated"},
}  # fmt: skip
