<?php
// The stand-in's tables, with the names that REDCap's have and a few of the columns. No IF NOT EXISTS: a second
// installation at the same time fails.
return [
    'CREATE TABLE redcap_config (field_name VARCHAR(191) PRIMARY KEY, value TEXT) CHARACTER SET utf8mb4',
    'CREATE TABLE redcap_projects (project_id INT PRIMARY KEY, project_name VARCHAR(100) NOT NULL, app_title TEXT)
        CHARACTER SET utf8mb4',
    'CREATE TABLE redcap_data (project_id INT NOT NULL, event_id INT NOT NULL, record VARCHAR(100) NOT NULL,
        field_name VARCHAR(100) NOT NULL, `value` TEXT, instance SMALLINT, KEY record (project_id, record))
        CHARACTER SET utf8mb4',
    'CREATE TABLE redcap_log_event (log_event_id BIGINT AUTO_INCREMENT PRIMARY KEY, project_id INT NOT NULL, ts BIGINT,
        `user` VARCHAR(100), event VARCHAR(20), pk VARCHAR(100), data_values MEDIUMTEXT, KEY ts (ts)) CHARACTER SET utf8mb4',
    'CREATE TABLE redcap_sessions (session_id VARCHAR(100) PRIMARY KEY, session_data MEDIUMTEXT, session_expiration DATETIME)
        CHARACTER SET utf8mb4',
    'CREATE TABLE redcap_crons_history (ch_id INT AUTO_INCREMENT PRIMARY KEY, cron_id INT, cron_run_start DATETIME,
        cron_run_end DATETIME, cron_info TEXT) CHARACTER SET utf8mb4',
    'CREATE TABLE redcap_edocs_metadata (doc_id INT AUTO_INCREMENT PRIMARY KEY, stored_name VARCHAR(255), doc_size INT)
        CHARACTER SET utf8mb4',
];
