"""Prints the tasks of a store as CSV: `tasks_csv.py flyonce.sqlite`."""

import csv
import json
import sqlite3
import sys

writer = csv.writer(sys.stdout)
writer.writerow(["id", "lon", "lat", "incident_id", "class", "state", "lead", "severity", "created", "deadline", "title_zh", "title_en"])
for (text,) in sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute("SELECT json FROM task"):
    task = json.loads(text)
    at = task["position"]
    writer.writerow(
        [task["id"], at["lon_deg"], at["lat_deg"], task["incident_id"], task["class"], task["state"], task["lead"],
         task["severity"], task["created"], task["deadline"], task["title_zh"], task["title_en"]]
    )
