"""waybill_api"""
