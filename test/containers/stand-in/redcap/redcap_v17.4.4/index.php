<?php
// REDCap's home page is in the version's folder, too.
header('Location: ../index.php');
