//! What is kept: incidents, tasks and their history in SQL.
