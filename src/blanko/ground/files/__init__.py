"""Files: reads and writes CSV, XLSX, Parquet and PDF; keeps originals; writes what was refused."""
