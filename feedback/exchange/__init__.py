"""What sessions collected as files, and such files as records. Pure: no database, plain values in and out."""
