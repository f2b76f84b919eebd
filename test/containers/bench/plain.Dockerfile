# What the image is measured against: Debian's Apache and PHP with default settings, and the same pages.
FROM docker.io/library/debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        apache2 libapache2-mod-php php-curl php-gd php-intl php-ldap php-mbstring php-mysql php-xml php-zip
RUN rm -rf /var/www/html
COPY redcap/ /var/www/html/
# Where and for whom it listens is all that is not the default.
RUN sed -i 's/^Listen 80/Listen ${PORT}/' /etc/apache2/ports.conf \
    && sed -i 's/\*:80/*:${PORT}/' /etc/apache2/sites-available/000-default.conf \
    && echo 'ServerName localhost' >> /etc/apache2/apache2.conf
CMD ["apachectl", "-D", "FOREGROUND"]
