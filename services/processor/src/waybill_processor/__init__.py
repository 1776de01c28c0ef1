"""waybill_processor"""
